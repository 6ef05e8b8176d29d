import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The page is served under `/` by the server itself; hashed names under `assets/` may be kept for ever (http/page.ts). */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    target: "es2023",
    // The policy forbids data: URLs for everything but images; nothing is inlined.
    assetsInlineLimit: 0,
    // A polyfill would be an inline script.
    modulePreload: { polyfill: false },
    sourcemap: false,
    manifest: true,
  },
  worker: { format: "es" },
});
