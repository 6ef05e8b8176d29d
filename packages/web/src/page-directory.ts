/** Where the built page is: what `vite build` writes. It may not be there yet. */
export const PAGE_DIRECTORY = new URL("../dist/", import.meta.url);

/**
 * Where the pages of the share service are: `assets/`, `manifest.json` that names them, and the module `render.js`, which exports
 * `render(request: PageRequest): string` and runs without a browser.
 */
export const SHARED_PAGE_DIRECTORY = new URL("../dist/share/", import.meta.url);

export type { PageAssets, PageRequest, SharedPageRequest } from "./shared/index.ts";
