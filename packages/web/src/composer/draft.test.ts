import { describe, expect, test } from "vitest";
import { isBlank, withReturned } from "./draft.ts";

const file = { name: "a.png", mime: "image/png", url: "data:image/png;base64,AA==" };
const later = { ...file, name: "b.png" };

describe("drafts", () => {
  test.each([
    ["nothing was written meanwhile", "", "hello", "hello"],
    ["more was written meanwhile", "and more", "hello", "hello\n\nand more"],
    ["only files come back", "and more", "", "and more"],
  ])("[I-15] what comes back stands before what is there: %s", (_name, now, returned, text) => {
    const draft = withReturned({ text: now, files: [later] }, { text: returned, files: [file] });
    expect(draft).toEqual({ text, files: [file, later] });
  });

  test("[I-15] blanks alone are nothing to send, a file is", () => {
    expect([isBlank({ text: " \n", files: [] }), isBlank({ text: "", files: [file] })]).toEqual([
      true,
      false,
    ]);
  });
});
