import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rehearsalHome } from "./home.ts";

test.each([
  [{ REHEARSAL_HOME: "/r", XDG_STATE_HOME: "/x", HOME: "/h" }, "/r"],
  [{ XDG_STATE_HOME: "/x", HOME: "/h" }, "/x/holdfast-rehearsal"],
  [{ HOME: "/h" }, "/h/.local/state/holdfast-rehearsal"],
  [{ HOLDFAST_DATA_DIR: "/d" }, join(homedir(), ".local/state/holdfast-rehearsal")],
])("[A-2] the memory has a directory of its own: %o -> %s", (env, home) => {
  expect(rehearsalHome(env)).toBe(home);
});
