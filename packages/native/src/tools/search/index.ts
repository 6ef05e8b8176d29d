export { listFiles, type FileList } from "./list-files.ts";
