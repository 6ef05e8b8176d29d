/** Where the built page is: what `vite build` writes. It may not be there yet. */
export const PAGE_DIRECTORY = new URL("../dist/", import.meta.url);
