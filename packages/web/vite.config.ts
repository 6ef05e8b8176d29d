import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { thirdPartyNotices } from "../../scripts/build/notices.ts";

const ZOD_SCHEMAS = /\/zod\/v4\/classic\/schemas\.js$/;

/**
 * Leaves out of the page what turns schemas into JSON Schema: only the server describes its API (I-1), and each schema carries a way to it that no
 * bundler can see to be unused, 5 KB gzipped of the 130 KB of the first load (I-16). Fails when Zod looks different, rather than doing nothing.
 */
function withoutJsonSchema(): Plugin {
  return {
    name: "holdfast:without-json-schema",
    apply: "build",
    transform(code, id) {
      if (!ZOD_SCHEMAS.test(id)) return undefined;
      const without = code
        .replaceAll(/^\s*inst\._zod\.processJSONSchema = .*;$/gm, "")
        .replaceAll(/create(?:Standard|To)JSONSchemaMethod\([^)]*\)(?:\(params\))?/g, "undefined");
      if (without === code) throw new Error("Zod's JSON Schema was not found where it used to be.");
      return { code: without, map: null };
    },
  };
}

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
