// Shows the OpenAPI document with Redoc. The page loads Redoc's program only here, and from this site.
import { withBase, useData } from "vitepress";
import { h, onBeforeUnmount, onMounted, ref, watch } from "vue";
import { options } from "./redoc-options.mjs";
import program from "./redoc.js?url"; // scripts/build/site.sh puts it there

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

    // Redoc cannot change its colours, so it starts again.
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
