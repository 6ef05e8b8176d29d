import { expect, test } from "vitest";
import { actOf, PANEL_KEYS } from "./panel-keys.ts";

const stroke = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey", boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held,
});

test("[I-15, I-16] every act of the panel has a key of its own, and none with a modifier", () => {
  expect(new Set(PANEL_KEYS.map(({ keys }) => keys)).size).toBe(PANEL_KEYS.length);
  for (const { act, keys } of PANEL_KEYS) expect(actOf(stroke(keys === "space" ? " " : keys))).toBe(act);
  expect(actOf(stroke("J"))).toBe("nextFile");
  expect(actOf(stroke("a", { ctrlKey: true }))).toBeUndefined();
  expect(actOf(stroke("z"))).toBeUndefined();
});
