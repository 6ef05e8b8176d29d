export { DiffView } from "./diff-view.tsx";
export { ToolCard } from "./tool-card.tsx";
