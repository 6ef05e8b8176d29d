import { describe, expect, test } from "vitest";
import { afterAcceptance, keyFor } from "./draft.ts";

const file = { name: "a.png", mime: "image/png", url: "data:image/png;base64,AA==" };

describe("drafts", () => {
  test.each([
    ["nothing was written meanwhile", "hello", "hello", ""],
    ["more was written behind it", "hello and more", "hello", "and more"],
    ["something else was written", "other", "hello", "other"],
  ])("[I-15] acceptance leaves what is not sent: %s", (_name, now, sent, left) => {
    expect(afterAcceptance({ text: now, files: [] }, { text: sent, files: [] }).text).toBe(left);
  });

  test("[I-15] acceptance takes the files that were sent, and no others", () => {
    const later = { ...file, name: "b.png" };
    expect(afterAcceptance({ text: "", files: [file, later] }, { text: "", files: [file] }).files).toEqual([
      later,
    ]);
  });

  test("[D-5] the same words that nobody answered go again with their key, others with a new one", () => {
    const draft = { text: "hello", files: [], sent: { key: "k1", text: "hello" } };
    expect(keyFor(draft)).toBe("k1");
    expect(keyFor({ ...draft, text: "hello!" })).not.toBe("k1");
  });
});
