import { defineConfig } from "vite";

// The policy of the server is `default-src 'self'`: nothing may become a data: address or an inline script,
// hence no inlined assets and no preload shim. Paths are relative to this folder, where npm runs its scripts.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: { input: { index: "index.html", docs: "docs.html" } },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/openapi.json": "http://127.0.0.1:8080" } },
});
