import type { Route } from "../route.ts";
import { CHANGE_ROUTES } from "./changes.ts";
import { EVENT_ROUTES } from "./events.ts";
import { INPUT_ROUTES } from "./inputs.ts";
import { MESSAGE_ROUTES } from "./messages.ts";
import { PERMISSION_ROUTES } from "./permissions.ts";
import { PROJECT_ROUTES } from "./projects.ts";
import { QUESTION_ROUTES } from "./questions.ts";
import { REF_ROUTES } from "./refs.ts";
import { SERVER_ROUTES } from "./server.ts";
import { SESSION_ROUTES } from "./sessions.ts";
import { SHARE_ROUTES } from "./shares.ts";
import { WORKSPACE_ROUTES } from "./workspaces.ts";
import { WORKTREE_ROUTES } from "./worktrees.ts";

/** Every route there is (I-1, I-21). */
export const ROUTES: readonly Route[] = [
  ...SERVER_ROUTES,
  ...SESSION_ROUTES,
  ...INPUT_ROUTES,
  ...MESSAGE_ROUTES,
  ...EVENT_ROUTES,
  ...PERMISSION_ROUTES,
  ...QUESTION_ROUTES,
  ...WORKSPACE_ROUTES,
  ...PROJECT_ROUTES,
  ...WORKTREE_ROUTES,
  ...CHANGE_ROUTES,
  ...REF_ROUTES,
  ...SHARE_ROUTES,
];
