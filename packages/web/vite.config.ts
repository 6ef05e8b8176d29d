import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { thirdPartyNotices } from "../../scripts/build/notices.ts";
import { withoutJsonSchema } from "./without-json-schema.ts";

const notices = thirdPartyNotices();

/** The page is served under `/` by the server itself; hashed names under `assets/` may be kept for ever (http/page.ts). */
export default defineConfig({
  plugins: [react(), tailwindcss(), withoutJsonSchema(), notices.write],
  build: {
    target: "es2023",
    // The policy forbids data: URLs for everything but images; nothing is inlined.
    assetsInlineLimit: 0,
    // A polyfill would be an inline script.
    modulePreload: { polyfill: false },
    sourcemap: false,
    manifest: true,
    // Grammars of the colouring are large and loaded by name; what everybody loads has a bound of its own (T-18).
    chunkSizeWarningLimit: 1_000,
  },
  worker: { format: "es", plugins: () => [notices.collect] },
  // The development server is for the gallery, which asks for what no server answers; the page is served by Holdfast itself.
  appType: "mpa",
});
