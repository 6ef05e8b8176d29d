export { createPages, type Pages, type PagesDeps, refuseServiceWorker } from "./pages.ts";
