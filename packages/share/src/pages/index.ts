export { createPages, type Pages, type PagesDeps } from "./pages.ts";
