export { intentsInFile } from "./intents-in-file.ts";
