import { FakeClock } from "@holdfast/kernel";
import { HOOK_MS } from "@holdfast/native";
import { expect, test } from "vitest";
import { HookWatch } from "./hook-watch.ts";
import { Complaint } from "./peer.ts";

function watch() {
  const clock = new FakeClock();
  const late: string[] = [];
  const state = { isHeld: false };
  const hooks = new HookWatch({ clock, isHeld: () => state.isHeld, late: (message) => late.push(message) });
  return { clock, late, state, hooks };
}

const told = (id: number, at: "begin" | "end") => ({ id, name: `hook ${id}`, at });

test("[A-26] a hook is late after its deadline, and named; one that ended is not", () => {
  const { clock, late, hooks } = watch();
  hooks.told(told(1, "begin"));
  hooks.told(told(2, "begin"));
  hooks.told(told(2, "end"));
  clock.advance(HOOK_MS - 1);
  expect(late).toEqual([]);
  clock.advance(1);
  expect(late).toEqual([expect.stringContaining("hook 1")]);
});

test("[A-26] while we do not read, its end may be there: it is given the time once more", () => {
  const { clock, late, state, hooks } = watch();
  hooks.told(told(1, "begin"));
  state.isHeld = true;
  clock.advance(HOOK_MS);
  state.isHeld = false;
  clock.advance(HOOK_MS - 1);
  expect(late).toEqual([]);
  hooks.told(told(1, "end"));
  clock.advance(HOOK_MS);
  expect(late).toEqual([]);
});

test("[A-12] what cannot be is a complaint: the same hook twice, and too many at once", () => {
  const { hooks } = watch();
  hooks.told(told(1, "begin"));
  expect(() => hooks.told(told(1, "begin"))).toThrow(Complaint);
  for (let id = 2; id <= 64; id += 1) hooks.told(told(id, "begin"));
  expect(() => hooks.told(told(65, "begin"))).toThrow(/64 at once/);
  hooks.stop();
});
