export { originOf, type OwnService, ShareServices } from "./share-services.ts";
export { Shares } from "./shares.ts";
export {
  createPreviews,
  createPublisher,
  type Previews,
  type Publisher,
  secretsInVariables,
} from "./publish/index.ts";
