import { expect, test } from "vitest";
import { askProgram } from "./ask-program.ts";

test("[I-27] a program that does not answer, and ignores that it is asked to end, is not waited for", async () => {
  const deaf = ["sh", "-c", "trap '' TERM; exec sleep 600"];
  expect(await askProgram(deaf, 1_000)).toEqual({ why: "No answer within 1 s." });
});
