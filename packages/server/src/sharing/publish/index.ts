export { secretsInVariables } from "./known-secrets.ts";
export { createPreviews, type Previews } from "./previews.ts";
export { createPublisher, type Publisher } from "./projection.ts";
