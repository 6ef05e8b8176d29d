export { Gate } from "./gate.ts";
export { Refusal } from "./refusal.ts";
