import { expect, test } from "vitest";
import { toolUpdateOf } from "./tool-update.ts";

test.each([
  [{ path: "a" }, { input: { path: "a" } }],
  [[1, 2], { input: { value: [1, 2] }, raw: "[1,2]" }],
  [7, { input: { value: 7 }, raw: "7" }],
  ['{"path', { raw: '{"path' }],
  [{}, {}],
  [null, {}],
])("[R-11.1] the arguments %j of a call are told as %j", (rawInput, told) => {
  expect(toolUpdateOf({ toolCallId: "c", rawInput }, {})).toEqual({ callId: "c", ...told });
});

test("[D-16, A-25] of what a tool gave back its short values are told beside its output", () => {
  const long = "x".repeat(257);
  const rawOutput = {
    exitCode: 0,
    truncated: false,
    cwd: "/w",
    output: "no",
    lines: "a\nb",
    long,
    nothing: null,
    none: Number.NaN,
  };
  const update = toolUpdateOf({ toolCallId: "c", status: "completed", rawOutput }, {});
  expect(update).toMatchObject({ output: "no", facts: { exitCode: 0, truncated: false, cwd: "/w" } });
  expect(Object.keys(update?.facts ?? {})).toHaveLength(3);
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`f${at}`, at]));
  expect(Object.keys(toolUpdateOf({ toolCallId: "c", rawOutput: many }, {})?.facts ?? {})).toHaveLength(32);
  expect(toolUpdateOf({ toolCallId: "c", rawOutput: { output: "no" } }, {})).not.toHaveProperty("facts");
});

const content = (...blocks: object[]) => blocks.map((block) => ({ type: "content", content: block }));

test("[R-8.1, A-25] what comes with a result beside its text is told as attachments: pictures, sound, files and links", () => {
  const blocks = content(
    { type: "text", text: "done" },
    { type: "image", mimeType: "image/png", data: "AAAA" },
    { type: "audio", mimeType: "audio/wav", data: "BBBB" },
    {
      type: "resource",
      resource: { uri: "file:///w/out/report.pdf?x=1", mimeType: "application/pdf", blob: "CCCC" },
    },
    { type: "resource", resource: { uri: "memo://x", text: "memo" } },
    { type: "resource_link", name: "page", uri: "https://example.test/page", mimeType: "text/html" },
    { type: "resource_link", name: "odd", uri: "javascript:alert(1)" },
    { type: "audio", mimeType: "audio/wav", data: "" },
    { type: "image", mimeType: 7, data: "DDDD" },
  );
  const update = toolUpdateOf({ toolCallId: "c", status: "completed", content: blocks }, {});
  expect(update?.attachments).toEqual([
    { mime: "image/png", data: "AAAA" },
    { mime: "audio/wav", data: "BBBB" },
    { mime: "application/pdf", filename: "report.pdf", data: "CCCC" },
    { mime: "text/html", filename: "page", url: "https://example.test/page" },
    { mime: "application/octet-stream", data: "DDDD" },
  ]);
  expect(update?.output).toBe("done\nmemo\n[page](https://example.test/page)\n[odd](javascript:alert(1))");
});

test("[R-8.1] at most 100 attachments of a call are told", () => {
  const blocks = content(
    ...Array.from({ length: 120 }, () => ({ type: "audio", mimeType: "a/b", data: "AAAA" })),
  );
  expect(toolUpdateOf({ toolCallId: "c", content: blocks }, {})?.attachments).toHaveLength(100);
});
