// How Redoc looks: VitePress's colours, in light and dark.
const FONT = 'ui-sans-serif, system-ui, sans-serif, "Apple Color Emoji", "Segoe UI Emoji"';
const CODE_FONT = 'ui-monospace, Menlo, Monaco, Consolas, "Liberation Mono", "Courier New", monospace';

const LIGHT = {
  soft: "#f6f6f7", line: "#e2e2e3", text: "#3c3c43", faint: "#5c5c66", brand: "#3451b2", good: "#15703f", bad: "#b3261e",
  code: "#9a2c4f", panel: "#1b1b1f",
};
const DARK = {
  soft: "#202127", line: "#3c3f44", text: "#dfdfd6", faint: "#a6a6ad", brand: "#a8b1ff", good: "#5fd394", bad: "#ff9a90",
  code: "#f0a3bd", panel: "#161618",
};
const METHODS = { get: "#15703f", post: "#3451b2", patch: "#8a5a00", put: "#8a5a00", delete: "#b3261e" };

export function options(dark) {
  const color = dark ? DARK : LIGHT;
  // The tabs of the samples are on the panel, which is always dark.
  const response = (name) => ({ color: color[name], backgroundColor: color.soft, tabTextColor: DARK[name] });
  return {
    scrollYOffset: ".VPNav",
    nativeScrollbars: true,
    sortRequiredPropsFirst: true,
    theme: {
      colors: {
        primary: { main: color.brand, light: color.brand },
        success: { main: color.good },
        error: { main: color.bad },
        gray: { 50: color.soft, 100: color.soft },
        border: { light: color.line, dark: color.line },
        text: { primary: color.text, secondary: color.faint },
        responses: {
          success: response("good"), error: response("bad"), redirect: response("faint"), info: response("brand"),
        },
        http: METHODS,
      },
      schema: {
        linesColor: color.line, typeNameColor: color.faint, typeTitleColor: color.faint,
        requireLabelColor: color.bad, nestedBackground: color.soft, arrow: { color: color.faint },
      },
      typography: {
        fontSize: "15px", fontFamily: FONT,
        headings: { fontFamily: FONT, fontWeight: "600" },
        code: { fontFamily: CODE_FONT, color: color.code, backgroundColor: color.soft, wrap: true },
        links: { color: color.brand, visited: color.brand, hover: color.brand },
      },
      sidebar: { backgroundColor: color.soft, textColor: color.text, activeTextColor: color.brand },
      rightPanel: {
        backgroundColor: color.panel, textColor: "#ffffff",
        servers: { overlay: { backgroundColor: color.soft, textColor: color.text }, url: { backgroundColor: color.soft } },
      },
      codeBlock: { backgroundColor: "#101012" },
      fab: { backgroundColor: color.soft, color: color.brand },
    },
  };
}
