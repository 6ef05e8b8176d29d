import { systemClock } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { FakeHost } from "../../test/fake-host.ts";
import { titleOf, wordsForTitle } from "./title.ts";

test.each([
  ["its first line that says something", "\n\n  A title \nmore", "A title"],
  ["no thoughts", "<think>what\nis it?</think>\nA title", "A title"],
  ["no thoughts that never ended", "<think>what", undefined],
  ["nothing", " \n ", undefined],
  ["what is too long, cut", "é".repeat(101), `${"é".repeat(97)}...`],
])("[A-26] a title is %s", (_name, text, expected) => {
  expect(titleOf(text)).toBe(expected);
});

test("[A-26] a session is named by its only message, and by no later one", async () => {
  const host = new FakeHost({ clock: systemClock });
  host.prompt("first words");
  expect(wordsForTitle(host.messages)).toBe("first words");
  host.steer("more words");
  expect(wordsForTitle(host.messages)).toBeUndefined();
  host.prompt("other words");
  await host.say({ type: "step", stepId: "1" }, { type: "text", streamId: "a", text: "answered" });
  await host.commit();
  expect(wordsForTitle(host.messages)).toBeUndefined();
});
