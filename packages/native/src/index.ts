/** The door for the server: what is said on the wire, and where the program is. The loop itself is run by the program alone. */
import { fileURLToPath } from "node:url";

export { MODEL_TABLE } from "./model-table.ts";
export * from "./wire.ts";

/** The program, to be run by node. */
export const nativeBin = fileURLToPath(new URL("../bin/native.js", import.meta.url));
