export { ProjectSettings } from "./project-settings.tsx";
export { PruneList } from "./prune-dialog.tsx";
export { RiskList } from "./risk-list.tsx";
export { WorkspaceChip } from "./workspace-chip.tsx";
export { DeleteSession } from "./workspace-dialog.tsx";
export { WorktreeRow } from "./worktree-row.tsx";
export { WorktreesView } from "./worktrees-view.tsx";
