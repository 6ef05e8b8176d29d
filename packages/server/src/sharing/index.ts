export {
  createPreviews,
  createPublisher,
  type PreviewDeps,
  type Previews,
  type PublishDeps,
  type Publisher,
  secretsInVariables,
} from "./publish/index.ts";
