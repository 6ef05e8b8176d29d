/** Loaded before the commands of the suites (`--import`): the servers that they start are the program as it is published, and find what they compiled before. */
import { join } from "node:path";
import { setup } from "./build-program.ts";

process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "../../node_modules/.cache/compiled");
await setup();
