/** Who may import whom, as ARCHITECTURE.md draws it. A package or room that is not listed here is an error, not an oversight. */

/** Package -> the packages it may import. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  kernel: ["protocol"],
  sqlite: ["protocol", "kernel"],
  client: ["protocol"],
  edge: ["protocol", "kernel"],
  rpc: ["protocol", "kernel", "edge"],
  native: ["protocol", "kernel"],
  server: ["protocol", "kernel", "sqlite", "edge", "rpc", "rehearsal", "native"],
  share: ["protocol", "kernel", "sqlite", "edge", "rpc", "web"],
  rehearsal: [],
  cli: ["protocol", "client", "server", "share", "web"],
  web: ["protocol", "client"],
};

/** Rooms of `server` that serve one surface each; with `main` the only ones that may use the web framework. */
export const SURFACES = ["http", "compat", "a2a", "mcp", "acp-agent"] as const;

const SURFACE_IMPORTS = [
  "session",
  "sharing",
  "refs",
  "permission",
  "changes",
  "agents",
  "worktree",
  "events",
];

/**
 * Room of `server` -> the rooms it may import, beside `protocol` and `kernel`. `main` is the composition root and may import every
 * room and every adapter; nobody else may import `main`.
 */
export const ROOMS: Readonly<Record<string, readonly string[] | "everything">> = {
  main: "everything",
  ...Object.fromEntries(SURFACES.map((surface) => [surface, SURFACE_IMPORTS])),
  session: ["turn", "worktree", "changes", "git", "events", "json-schema", "symbols", "resources", "store"],
  sharing: ["session", "outbox", "git", "events", "store"],
  refs: ["store"],
  turn: ["permission", "agents", "events", "json-schema", "store"],
  permission: ["events", "store"],
  changes: ["worktree", "operation", "git", "snapshot", "events", "store"],
  agents: ["process", "store"],
  resources: ["agents", "process", "store"],
  worktree: ["operation", "git", "snapshot", "process", "store"],
  operation: ["store"],
  snapshot: ["git", "store"],
  git: ["process", "store"],
  process: ["store"],
  "json-schema": ["thread"],
  symbols: ["thread"],
  thread: [],
  events: ["store"],
  outbox: ["store"],
  store: [],
};

/** Folders inside one room that are alternatives of each other and never import each other. */
export const ALTERNATIVES: Readonly<Record<string, readonly string[]>> = {
  agents: ["acp", "opencode", "native"],
  store: ["sqlite", "postgres"],
};
