import { expect, test } from "vitest";
import { takeStreamSlot } from "./index.ts";

test("[I-16] two windows get a place, the third when one was given back", async () => {
  const { locks } = navigator;
  const [first, second] = [await takeStreamSlot(locks), await takeStreamSlot(locks)];
  expect([typeof first, typeof second, await takeStreamSlot(locks)]).toEqual([
    "function",
    "function",
    undefined,
  ]);
  first?.();
  const third = await takeStreamSlot(locks);
  expect(third).toBeTypeOf("function");
  second?.();
  third?.();
  expect(await takeStreamSlot(undefined)).toBeTypeOf("function");
});
