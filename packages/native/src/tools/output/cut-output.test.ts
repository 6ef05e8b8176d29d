import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../../../../test/harness/temporary-directory.ts";
import { cutOutput, saveOutput } from "./cut-output.ts";

const limits = { maxLines: 3, maxBytes: 20 };

async function cut(text: string, keep: "head" | "tail" = "head") {
  const saved: string[] = [];
  const save = (whole: string) => {
    saved.push(whole);
    return Promise.resolve("/kept");
  };
  return { ...(await cutOutput({ text, keep, limits, save })), saved };
}

test.each(["", "a", "a\nb\nc", "a\nb\nc\n", "x".repeat(20)])(
  "[A-26] an output within its limits stays: %j",
  async (text) => {
    expect(await cut(text)).toEqual({ text, saved: [] });
  },
);

test.each<[string, "head" | "tail", string, string, number]>([
  ["too many lines", "head", "a\nb\nc\nd\ne", "a\nb\nc", 2],
  ["too many lines, of which the end is kept", "tail", "a\nb\nc\nd\ne\n", "c\nd\ne\n", 2],
  ["too many bytes", "head", "0123456789\n0123456789\n", "0123456789", 2],
  ["too many bytes, of which the end is kept", "tail", "0123456789\n0123456789\n", "0123456789\n", 1],
  ["one line that is too long", "head", "x".repeat(30), "x".repeat(20), 1],
  ["a character in the midst of the cut", "head", `${"x".repeat(19)}é`, "x".repeat(19), 1],
  ["a character in the midst of the other cut", "tail", `💡${"x".repeat(18)}`, "x".repeat(18), 1],
])("[A-26] %s", async (_what, keep, text, kept, lines) => {
  const told = await cut(text, keep);
  expect(told.saved).toEqual([text]);
  expect(told.truncated).toMatchObject({ path: "/kept", lines });
  expect(keep === "head" ? told.text.startsWith(`${kept}\n\n(`) : told.text.endsWith(`)\n\n${kept}`)).toBe(
    true,
  );
  expect(told.text).toContain("/kept");
});

test("[A-26] an output that cannot be kept is cut all the same, and says so", async () => {
  const save = () => Promise.reject(new Error("full"));
  const { text, truncated } = await cutOutput({ text: "x".repeat(30), keep: "head", limits, save });
  expect(text).toContain("could not be kept");
  expect(truncated).not.toHaveProperty("path");
});

test("[A-26] what is kept is never more than the limits, and is the text's own end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom("a", "é", "💡", "\n", "\r"), maxLength: 60 }),
      fc.constantFrom("head" as const, "tail" as const),
      async (text, keep) => {
        const told = await cut(text, keep);
        if (told.truncated === undefined) {
          expect(told.text).toBe(text);
          return;
        }
        const at = keep === "head" ? told.text.lastIndexOf("\n\n(") : told.text.indexOf(")\n\n") + 3;
        const kept = keep === "head" ? told.text.slice(0, at) : told.text.slice(at);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(limits.maxBytes);
        expect(keep === "head" ? text.startsWith(kept) : text.endsWith(kept)).toBe(true);
        expect(Buffer.byteLength(text) - Buffer.byteLength(kept)).toBe(told.truncated.bytes);
      },
    ),
  );
});

test("[A-26] outputs are kept whole, and for their owner alone", async () => {
  await using place = await temporaryDirectory("outputs");
  const directory = join(place.path, "outputs");
  const path = await saveOutput(directory)("whole");
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["whole", 0o600]);
});
