export { composeShares, type ShareServer } from "./compose.ts";
export { ShareConfigError, type ShareFlags } from "../config.ts";
export { backupShares, finishRestore, restoreShares } from "./copy-shares.ts";
export { serveShares } from "./serve-shares.ts";
