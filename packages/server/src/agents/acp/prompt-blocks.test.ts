import { newId } from "@holdfast/kernel";
import type { FilePart } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { promptBlocks, type PromptFiles } from "./prompt-blocks.ts";

const identity = { sessionId: newId("ses"), messageId: newId("msg") };

const mentioned = (over: Partial<FilePart> = {}): FilePart => ({
  ...identity,
  id: newId("prt"),
  type: "file",
  mime: "text/plain",
  filename: "src/a.ts",
  url: "file:///w/src/a%20b.ts",
  source: { type: "file", path: "src/a.ts", text: { value: "@src/a.ts", start: 0, end: 9 } },
  ...over,
});

/** A text of 5 lines; what else is asked for is not there. */
const files = (asked: unknown[] = []): PromptFiles => ({
  readBlob: async () => undefined,
  read: async (path, range) => {
    asked.push([path, range]);
    if (path !== "/w/src/a b.ts") throw new Error("no such file");
    return range.line > 100 ? "" : "one\ntwo\n";
  },
  bytes: async (path) => {
    if (path !== "/w/src/a b.ts") throw new Error("no such file");
    return Buffer.from("hello");
  },
});

const TAKES_ALL = { images: true, embedded: true };
const LINK = { type: "resource_link", uri: "file:///w/src/a%20b.ts", mimeType: "text/plain" };

describe("[R-8.2] a mentioned file", () => {
  test("[R-8.2] goes along as a whole where the agent takes that", async () => {
    const asked: unknown[] = [];
    const blocks = await promptBlocks({ parts: [mentioned()] }, TAKES_ALL, files(asked));
    expect(asked).toEqual([["/w/src/a b.ts", { line: 1 }]]);
    expect(blocks).toEqual([
      {
        type: "resource",
        resource: { uri: "file:///w/src/a%20b.ts", text: "one\ntwo\n", mimeType: "text/plain" },
      },
    ]);
  });

  test("[R-8.2] goes along with the lines that were named, which its address says", async () => {
    const asked: unknown[] = [];
    const url = "file:///w/src/a%20b.ts?start=10&end=20";
    const blocks = await promptBlocks({ parts: [mentioned({ url })] }, TAKES_ALL, files(asked));
    expect(asked).toEqual([["/w/src/a b.ts", { line: 10, limit: 11 }]]);
    expect(blocks).toMatchObject([{ resource: { uri: "file:///w/src/a%20b.ts#L10-20" } }]);
  });

  test.each<[string, Partial<FilePart>, boolean, object]>([
    ["an agent that takes no content", {}, false, { ...LINK, name: "src/a.ts" }],
    [
      "lines, for such an agent",
      { url: "file:///w/src/a%20b.ts?start=10&end=20" },
      false,
      { ...LINK, name: "src/a.ts:10-20" },
    ],
    [
      "lines that are gone by now",
      { url: "file:///w/src/a%20b.ts?start=101&end=102" },
      true,
      { ...LINK, name: "src/a.ts:101-102" },
    ],
    [
      "a file that is gone by now",
      { url: "file:///w/gone.ts" },
      true,
      { type: "resource_link", uri: "file:///w/gone.ts" },
    ],
    [
      "what is neither text nor picture",
      { mime: "application/pdf" },
      true,
      { ...LINK, mimeType: "application/pdf" },
    ],
    [
      "a picture that is gone by now",
      { mime: "image/png", url: "file:///w/gone.png" },
      true,
      { type: "resource_link", uri: "file:///w/gone.png" },
    ],
    [
      "what is elsewhere",
      { url: "https://example.test/a.ts" },
      true,
      { type: "resource_link", uri: "https://example.test/a.ts" },
    ],
    ["what was not mentioned", { source: undefined }, true, { ...LINK, name: "src/a.ts" }],
  ])("[R-8.2] is a link: %s", async (_, over, embedded, expected) => {
    const [block] = await promptBlocks({ parts: [mentioned(over)] }, { images: true, embedded }, files());
    expect(block).toMatchObject(expected);
  });

  test("[R-8.2] that is a picture is one where the agent takes pictures, else a link", async () => {
    const parts = [mentioned({ mime: "image/png" })];
    const uri = "file:///w/src/a%20b.ts";
    expect(await promptBlocks({ parts }, TAKES_ALL, files())).toEqual([
      { type: "image", data: "aGVsbG8=", mimeType: "image/png", uri },
    ]);
    expect(await promptBlocks({ parts }, { images: false, embedded: true }, files())).toMatchObject([
      { type: "resource_link", uri },
    ]);
  });

  test("[R-8.3] of which a symbol was named goes along with its lines", async () => {
    const asked: unknown[] = [];
    const source: FilePart["source"] = {
      type: "symbol",
      path: "src/a.ts",
      name: "Lane.claim",
      kind: 6,
      range: { start: { line: 1, character: 2 }, end: { line: 2, character: 3 } },
      text: { value: "@src/a.ts#claim", start: 0, end: 15 },
    };
    const part = mentioned({ source, url: "file:///w/src/a%20b.ts?start=2&end=3" });
    const [block] = await promptBlocks({ parts: [part] }, TAKES_ALL, files(asked));
    expect(asked).toEqual([["/w/src/a b.ts", { line: 2, limit: 2 }]]);
    expect(block).toMatchObject({ type: "resource", resource: { uri: "file:///w/src/a%20b.ts#L2-3" } });
    const [link] = await promptBlocks({ parts: [part] }, { images: true, embedded: false }, files());
    expect(link).toMatchObject({ type: "resource_link", name: "src/a.ts#Lane.claim" });
  });

  test("[R-8.2] is a link once the room of the prompt is used up", async () => {
    const half = { ...files(), read: async () => "x".repeat(65 * 1024) };
    const blocks = await promptBlocks({ parts: [mentioned(), mentioned()] }, TAKES_ALL, half);
    expect(blocks.map(({ type }) => type)).toEqual(["resource", "resource_link"]);
    const picture = mentioned({ mime: "image/png" });
    const large = { ...files(), bytes: async () => Buffer.alloc(9 * 1024 * 1024) };
    const pictures = await promptBlocks({ parts: [picture, picture] }, TAKES_ALL, large);
    expect(pictures.map(({ type }) => type)).toEqual(["image", "resource_link"]);
  });
});
