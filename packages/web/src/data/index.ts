export { type Access, dropAccess, gainAccess } from "./access.ts";
export {
  App,
  AppProvider,
  useApp,
  useClient,
  useConnection,
  useLibrary,
  useLiveSession,
  useNow,
} from "./app-context.tsx";
export { ConnectionMonitor } from "./connection.ts";
export { FrameBatch } from "./frame-batch.ts";
export { retryMs } from "./reconnect.ts";
export { pause } from "./retry.ts";
export { waitingCount } from "./library.ts";
export { LiveSession, type LiveView } from "./live-session.ts";
export { prefer, type Preferences, preferences } from "./preferences.ts";
export { followTheme } from "./theme.ts";
export type { FollowSession } from "./session-streams.ts";
export { Store, useStore } from "./store.ts";
