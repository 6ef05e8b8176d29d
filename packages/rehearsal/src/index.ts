import { fileURLToPath } from "node:url";

export { parseDirectives, DIRECTIVE_HINT } from "./directives.ts";
export type { Directive } from "./directives.ts";

/** Absolute path of the agent's program; run it as `[process.execPath, rehearsalBin]`. It speaks ACP on stdin and stdout. */
export const rehearsalBin: string = fileURLToPath(new URL("../bin/rehearsal.js", import.meta.url));
