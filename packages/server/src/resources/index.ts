export { createResources, type ReadContent, type ReadResource, type Resources } from "./resources.ts";
