export { createPublisher, type Publisher, type PublishDeps } from "./projection.ts";
