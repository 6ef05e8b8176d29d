export { Notifier } from "./notifier.tsx";
