export { createPermissions, type Permissions } from "./permissions.ts";
export { createQuestions, type Questions } from "./questions.ts";
export { DEFAULT_PERMISSION_SETTINGS } from "./settings.ts";
