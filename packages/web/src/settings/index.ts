export { RuleList } from "./rules.tsx";
export { SettingsView } from "./settings-view.tsx";
