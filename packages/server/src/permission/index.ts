export {
  type Asked,
  type AskRequest,
  createPermissions,
  type PermissionDeps,
  type Permissions,
  type ReplyCommand,
} from "./permissions.ts";
export type { PermissionAnswer } from "./waiters.ts";
export { DEFAULT_PERMISSION_SETTINGS, type PermissionSettings } from "./settings.ts";
export { retryStorage, type StorageRetry } from "./storage-retry.ts";
export { literalPattern, matchesPattern } from "./rule.ts";
