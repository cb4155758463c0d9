// Shows the OpenAPI document with Redoc. Only this page loads Redoc's program, and it loads the program from this site.
import { withBase, useData } from "vitepress";
import { h, onBeforeUnmount, onMounted, ref, watch } from "vue";
import { options } from "./redoc-options.mjs";
import program from "./redoc.js?url"; // scripts/build/site.sh writes redoc.js

function load(script) {
  return new Promise((done, failed) => {
    const node = document.createElement("script");
    node.onload = done;
    node.onerror = () => failed(new Error(`cannot load ${script}`));
    node.src = script;
    document.head.append(node);
  });
}

export default {
  setup() {
    const { isDark } = useData();
    const box = ref();
    let shown;

    function hide() {
      if (shown) window.Redoc.destroy(shown);
      shown = undefined;
    }

    // Redoc cannot change its colours while it runs, so it starts again.
    async function show() {
      if (!window.Redoc) await load(program);
      hide();
      if (!box.value) return;
      shown = document.createElement("div");
      box.value.replaceChildren(shown);
      window.Redoc.init(withBase("/openapi.json"), options(isDark.value), shown);
    }

    onMounted(show);
    watch(isDark, show);
    onBeforeUnmount(hide);
    return () => h("div", { ref: box, class: "http-api" });
  },
};
