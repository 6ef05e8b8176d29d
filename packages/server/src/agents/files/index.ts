export type { FileScope } from "./contained-file.ts";
export { FileAccess } from "./file-access.ts";
