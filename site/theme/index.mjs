// VitePress's own theme with the fonts of the reader's system, and the page of the HTTP API.
import { defineAsyncComponent } from "vue";
import theme from "vitepress/theme-without-fonts";
import "./style.css";

export default {
  extends: theme,
  enhanceApp({ app }) {
    app.component("HttpApi", defineAsyncComponent(() => import("./http-api.mjs")));
  },
};
