export {
  inspectDataDirectory,
  type Restored,
  restoreDataDirectory,
  type ServeFlags,
  serve,
} from "./main/index.ts";
export { openApiDocument } from "./http/index.ts";
export { parserFiles } from "./symbols/index.ts";
