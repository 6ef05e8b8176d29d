export { secretsInVariables } from "./known-secrets.ts";
export { createPreviews, type PreviewDeps, type Previews } from "./previews.ts";
export { createPublisher, type Publisher, type PublishDeps } from "./projection.ts";
