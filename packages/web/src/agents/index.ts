export { AgentsView } from "./agents-view.tsx";
export { AgentList } from "./agent-list.tsx";
export { LiveList } from "./live-list.tsx";
export { AgentChooser } from "./agent-chooser.tsx";
export { LookAgain } from "./look-again.tsx";
export { CopyCommand } from "./copy-command.tsx";
export { BackgroundChips, MemoryChip, OpenedChip } from "./opened-chip.tsx";
export { useSessionChange } from "./use-session-change.ts";
export { canHold, MODE_WORDS, MODES } from "./words.ts";
