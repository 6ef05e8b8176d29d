export { compose } from "./compose.ts";
export { loadConfig, type ServeFlags } from "./config.ts";
export { inspectDataDirectory } from "./inspect.ts";
export { type Restored, restoreDataDirectory } from "./restore.ts";
export { serve } from "./serve.ts";
