import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { thirdPartyNotices } from "../../scripts/build/notices.ts";
import { withoutJsonSchema } from "./without-json-schema.ts";

/** Where documents are written there is no browser: code is not coloured, which is done away from a page's own thread, and styles are those of the script's build. */
function withoutBrowser(): Plugin {
  return {
    name: "holdfast:without-browser",
    enforce: "pre",
    load(id) {
      if (id.endsWith("/transcript/markdown/highlight.ts"))
        return "export const highlight = () => Promise.resolve(undefined);";
      return undefined;
    },
    transform(_code, id) {
      return id.endsWith(".css") ? { code: "", map: null } : undefined;
    },
  };
}

/**
 * The pages of the share service (S-12): with `vite build` what its browsers load, with `vite build --ssr` the module that writes its documents, beside it in
 * one file that runs without a browser. Of this service no file is named by hand: `manifest.json` names the script and its styles.
 */
export default defineConfig(({ isSsrBuild }) => {
  const notices = thirdPartyNotices();
  const common = { target: "es2023", sourcemap: false, assetsInlineLimit: 0, chunkSizeWarningLimit: 1_000 };
  if (isSsrBuild === true)
    return {
      plugins: [withoutBrowser(), react()],
      // The form of it that asks nothing of Node.
      resolve: { alias: { "react-dom/server": "react-dom/server.edge" } },
      ssr: { noExternal: true },
      build: {
        ...common,
        outDir: "dist/share",
        emptyOutDir: false,
        copyPublicDir: false,
        rolldownOptions: { output: { entryFileNames: "render.js", codeSplitting: false } },
      },
    };
  return {
    plugins: [react(), tailwindcss(), withoutJsonSchema(), notices.write],
    build: {
      ...common,
      outDir: "dist/share",
      modulePreload: { polyfill: false },
      manifest: "manifest.json",
      rolldownOptions: { input: "src/shared/main.tsx" },
    },
    worker: { format: "es", plugins: () => [notices.collect] },
  };
});
