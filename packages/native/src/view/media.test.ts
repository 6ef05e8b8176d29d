import { describe, expect, test } from "vitest";
import { call, completed, file, Rows } from "../../test/rows.ts";
import { answered, image, OPTIONS, result, said, user, view } from "../../test/view.ts";
import type { ViewOptions } from "./options.ts";
import { WORDS } from "./words.ts";

describe("[R-12.5] files", () => {
  const attached = completed("seen", {
    attachments: [
      { type: "file", mime: "image/png", filename: "a.png", url: "blob:png" },
      { type: "file", mime: "image/png", url: "https://example.test/b.png" },
      { type: "file", mime: "audio/wav", url: "blob:png" },
    ],
  });
  const content = { type: "content", value: [said("seen"), image] };
  const beside = [said(WORDS.fromTools), image];

  test.each<[string, Partial<ViewOptions>, boolean]>([
    ["anthropic", {}, true],
    ["openai", { kind: "openai" }, true],
    ["gemini-3", { kind: "google", model: { providerId: "g", modelId: "gemini-3-pro" } }, true],
    ["an older gemini", { kind: "google", model: { providerId: "g", modelId: "gemini-2.5-pro" } }, false],
    ["any other", { kind: "openai-compatible", facts: { images: true } }, false],
  ])("of results: in them for %s, or else behind them", async (_, over, isIn) => {
    const messages = await view(answered([call("c1", attached)]), over);
    const { model } = { ...OPTIONS, ...over };
    const id = model.modelId === "claude-x" ? "c1" : "prt_3";
    const expected = isIn
      ? [result(id, content)]
      : [result(id, { type: "text", value: "seen" }), user(...beside)];
    expect(messages.slice(2)).toEqual(expected);
  });

  test("a kind that the model does not take is told", async () => {
    const rows = new Rows();
    rows.user([file("image/png", "blob:png", { filename: "a.png" }), file("application/pdf", "blob:png")]);
    const told = JSON.stringify(await view(rows, { facts: { images: false, pdf: false } }));
    expect(told).toContain("ERROR: a.png cannot be read: this model takes no images");
    expect(told).toContain("takes no PDF files");
    expect(JSON.stringify(await view(rows, { kind: "openai-compatible" }))).toContain("takes no images");
    const results = await view(answered([call("c1", attached)]), { facts: { images: false } });
    expect(JSON.stringify(results[2])).toContain("seen\\nERROR: a.png");
  });

  test.each([
    ["an image", file("image/png", "blob:png", { filename: "a.png" }), image],
    ["an empty one", file("image/png", "blob:empty"), said(WORDS.empty)],
    [
      "one that is gone",
      file("image/png", "blob:none"),
      said("[Attached image/png: file, which is not stored here]"),
    ],
    [
      "of no kind that models take",
      file("image/svg+xml", "blob:png", { filename: "a.svg" }),
      said("[Attached image/svg+xml: a.svg, of a kind that is not given to you]"),
    ],
    [
      "text",
      file("text/yaml", "blob:text", { filename: "a.yaml" }),
      said('<file name="a.yaml">\na: 1\n</file>'),
    ],
    [
      "text that is gone",
      file("text/plain", "blob:none"),
      said("[Attached text/plain: file, which is not stored here]"),
    ],
    [
      "a place of the workspace",
      file("text/plain", "file:///w/a%20b.ts"),
      said("[The user names the file /w/a b.ts. Read it where it matters.]"),
    ],
    [
      "some of its lines",
      file("text/plain", "file:///w/a.ts?start=3&end=9"),
      said("[The user names the file /w/a.ts, lines 3 to 9. Read it where it matters.]"),
    ],
    [
      "a directory",
      file("application/x-directory", "file:///w/src"),
      said("[The user names the directory /w/src.]"),
    ],
    [
      "an address",
      file("text/html", "https://example.test/"),
      said("[Attached text/html: https://example.test/, at https://example.test/]"),
    ],
  ])("of the user: %s", async (_, part, sent) => {
    const rows = new Rows();
    rows.user([part]);
    expect(await view(rows)).toEqual([user(sent)]);
  });

  test("of a long text its beginning", async () => {
    const rows = new Rows();
    rows.user([file("text/plain", "blob:long")]);
    expect(JSON.stringify(await view(rows))).toContain("[The rest is left out: 7 characters.]");
  });

  test("names stand for all media where they are stripped", async () => {
    const rows = answered([call("c1", attached)]);
    rows.user([file("image/png", "blob:png", { filename: "a.png" })]);
    const messages = await view(rows, { stripMedia: true });
    expect(messages.slice(2)).toEqual([
      result("c1", { type: "text", value: "seen" }),
      user("[Attached image/png: a.png]"),
    ]);
  });
});
