export { createPermissions, type Permissions } from "./permissions.ts";
export { DEFAULT_PERMISSION_SETTINGS } from "./settings.ts";
