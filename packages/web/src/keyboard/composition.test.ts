import { expect, test } from "vitest";
import { guardCompositions, isComposed } from "./composition.ts";

const stroke = (isComposing: boolean, keyCode: number) => ({ isComposing, keyCode });

test.each([
  ["Enter", stroke(false, 13), false],
  ["Enter while something is composed", stroke(true, 13), true],
  ["what Chrome and Firefox tell of a key that was taken", stroke(true, 229), true],
  ["the Enter that ended a composition, in Safari", stroke(false, 229), true],
  ["a key without a code", stroke(false, 0), false],
])("[I-22] %s belongs to the input method: %j %s", (_name, event, expected) => {
  expect(isComposed(event)).toBe(expected);
});

test("[I-22] nobody hears of a key that an input method took, everybody of the others", () => {
  const page = new EventTarget();
  guardCompositions(page as Window);
  const heard: boolean[] = [];
  for (const capture of [true, false])
    page.addEventListener("keydown", (event) => heard.push((event as KeyboardEvent).isComposing), {
      capture,
    });
  const press = (isComposing: boolean, keyCode: number) =>
    page.dispatchEvent(Object.assign(new Event("keydown"), stroke(isComposing, keyCode)));
  press(true, 13);
  press(false, 229);
  expect(heard).toEqual([]);
  press(false, 13);
  expect(heard).toEqual([false, false]);
});
