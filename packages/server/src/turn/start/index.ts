/** Which turn starts when: lanes, the gate, and who waits for what. */
export { Dispatcher } from "./dispatcher.ts";
