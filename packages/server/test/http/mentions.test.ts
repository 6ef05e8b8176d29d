import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Admitted, InputId, SessionId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

const LANE = `export class Lane {

  // It is taken.
  claim() {
    return 1;
  }
}
class One { run() {} }
class Two { run() {} }
const x = 1, y = 2;
`;

type Problem = { code: string; message?: string; detail?: string };

describe("files that an input mentions", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
    await mkdir(join(server.project, "src"));
    await writeFile(join(server.project, "src", "a.ts"), "one\ntwo\n");
    await writeFile(join(server.project, "src", "lane.ts"), LANE);
    await writeFile(join(server.project, "README.md"), "# How\n");
    await writeFile(join(server.project, "odd#name.ts"), "");
    await mkdir(join(server.project, "dir.ts"));
    await writeFile(join(server.project, "big.ts"), " ".repeat(1024 * 1024 + 1));
    await writeFile(join(server.root, "outside.ts"), "let a = 1;");
    await writeFile(join(server.project, "Makefile"), "all:\n");
    await writeFile(join(server.project, "with blank.md"), "");
    await writeFile(join(server.project, "picture.PNG"), "\0png");
    await writeFile(join(server.project, "big.png"), Buffer.alloc(10 * 1024 * 1024 + 1));
    await writeFile(join(server.project, "data.bin"), "\0\u0001");
    await writeFile(join(server.root, "outside.txt"), "outside");
    await symlink(join(server.root, "outside.txt"), join(server.project, "out.txt"));
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    id = await server.createSession();
  });

  const body = (text: string, more: object = {}) => ({
    parts: [{ type: "text", text }],
    mentions: true,
    ...more,
  });
  const admit = <T = Admitted>(text: string, status = 202): Promise<T> =>
    server.call<T>("POST", `/api/sessions/${id}/inputs`, body(text), status);
  const url = (name: string, query = "") => `${pathToFileURL(join(server.project, name)).href}${query}`;

  test("[R-8.2] only so many words are looked up, each once", async () => {
    const words = (count: number) => Array.from({ length: count }, (_, at) => `@nobody${at}`).join(" ");
    expect((await admit(`${words(1_000)} ${words(1_000)}`)).message.parts).toHaveLength(1);
    const refused = await admit<Problem>(words(1_001), 422);
    expect(refused.detail ?? refused.message).toContain("at most 1000 words with an @");
  });

  test("[R-8.2] a text of nothing but mentions is refused before they are read", async () => {
    const refused = await admit<Problem>(" @a".repeat(5_000_000), 422);
    expect(refused.detail ?? refused.message).toContain("at most 100000 words with an @");
    expect((await admit(" me@a.example".repeat(110_000))).message.parts).toHaveLength(1);
  });

  test("[R-8.2] lines behind the end of a file are refused with how many it has", async () => {
    const refused = await admit<Problem>("look at @src/a.ts:3-9", 422);
    expect(refused.detail ?? refused.message).toContain(
      "@src/a.ts:3-9 names lines that are not there: the file has 2.",
    );
    expect((await admit("look at @src/a.ts:2-9")).message.parts).toHaveLength(2);
  });

  test("[R-8.2] each becomes a file part behind its text, once, with the words that it came from", async () => {
    const text = 'compare @src/a.ts:1-2 with @Makefile, (@"with blank.md") and @src/a.ts:1-2';
    const { message, input } = await admit(text);
    const source = (path: string, value: string) => {
      const start = text.indexOf(value);
      return { type: "file", path, text: { value, start, end: start + value.length } };
    };
    const expected = [
      { type: "text", text },
      {
        type: "file",
        mime: "text/plain",
        filename: "src/a.ts",
        url: url("src/a.ts", "?start=1&end=2"),
        source: source("src/a.ts", "@src/a.ts:1-2"),
      },
      { url: url("Makefile"), source: source("Makefile", "@Makefile") },
      { url: url("with blank.md"), source: source("with blank.md", '@"with blank.md"') },
    ];
    expect(message.parts).toMatchObject(expected);
    expect(input.parts).toMatchObject(expected);
  });

  test.each([
    ["src", "application/x-directory"],
    ["picture.PNG", "image/png"],
    ["data.bin", "application/octet-stream"],
    ["./src/../Makefile", "text/plain"],
  ])("[R-8.2] @%s is %s", async (path, mime) => {
    const { message } = await admit(`what is @${path}`);
    expect(message.parts[1]).toMatchObject({ type: "file", mime });
  });

  test.each([
    ["a file that is not there", "@src/b.ts", "UNPROCESSABLE", "There is no src/b.ts in"],
    ["a path that leads out", "@../outside.txt", "PATH_ESCAPES", "@../outside.txt leads out of"],
    ["a link that leads out", "@out.txt", "PATH_ESCAPES", "@out.txt leads out of"],
    ["lines that there cannot be", "@src/a.ts:20-10", "UNPROCESSABLE", "@src/a.ts:20-10 names lines"],
    ["line 0", "@src/a.ts:0", "UNPROCESSABLE", "@src/a.ts:0 names lines"],
    ["lines of a directory", "@src:1-2", "UNPROCESSABLE", "@src:1-2 has no lines"],
    ["lines of a picture", "@picture.PNG:1", "UNPROCESSABLE", "@picture.PNG:1 has no lines"],
  ])("[R-8.2] %s is refused, and nothing is queued", async (_, mention, code, words) => {
    const problem = await admit<Problem>(`look at ${mention} now`, 422);
    expect(problem.code).toBe(code);
    expect(JSON.stringify(problem)).toContain(words);
    expect(await server.call("GET", `/api/sessions/${id}/inputs`)).toMatchObject({ items: [] });
  });

  test("[R-8.2] a picture over 10 MiB is too large, and more than 64 files are too many", async () => {
    expect(await admit<Problem>("see @big.png", 413)).toMatchObject({ code: "TOO_LARGE" });
    const names = await Promise.all(
      Array.from({ length: 65 }, async (_, index) => {
        await writeFile(join(server.project, `n${index}.txt`), "");
        return `@n${index}.txt`;
      }),
    );
    expect(await admit<Problem>(names.join(" "), 422)).toMatchObject({ code: "UNPROCESSABLE" });
    expect((await admit(names.slice(1).join(" "))).message.parts).toHaveLength(65);
  });

  const sourceOf = async (text: string) => (await admit(text)).message.parts[1];

  test("[R-8.3] a symbol becomes a file part with its range, kind and lines, by its whole name or its last", async () => {
    const part = await sourceOf("explain @src/lane.ts#Lane.claim, please");
    expect(part).toMatchObject({
      type: "file",
      mime: "text/plain",
      filename: "src/lane.ts",
      url: url("src/lane.ts", "?start=3&end=6"),
      source: {
        type: "symbol",
        path: "src/lane.ts",
        name: "Lane.claim",
        kind: 6,
        range: { start: { line: 2, character: 2 }, end: { line: 5, character: 3 } },
        text: { value: "@src/lane.ts#Lane.claim", start: 8, end: 31 },
      },
    });
    expect(await sourceOf("explain @./src/lane.ts#claim")).toMatchObject({
      source: { path: "src/lane.ts", name: "Lane.claim" },
    });
    expect(await sourceOf("see @odd#name.ts")).toMatchObject({
      source: { type: "file", path: "odd#name.ts" },
    });
    const both = await admit("@src/lane.ts#x and @src/lane.ts#y, @src/lane.ts#Lane.claim @src/lane.ts#claim");
    expect(both.message.parts).toHaveLength(4);
    expect((await admit("see @README.md#how-to @Makefile#all and @src#lane")).message.parts).toHaveLength(1);
  });

  test.each([
    ["a symbol that is not there", "@src/lane.ts#nothing", "names no symbol of src/lane.ts"],
    ["a name of several", "@src/lane.ts#run", "(One.run in line 8, Two.run in line 9)"],
    [
      "one of a language that has none",
      "@README.md#how",
      "known of TypeScript, JavaScript, Python, Go and Rust",
    ],
    ["one of a file that is not there", "@src/none.ts#a", "There is no src/none.ts"],
  ])("[R-8.3] %s is refused, and nothing is queued", async (_, mention, words) => {
    const problem = await admit<Problem>(`look at ${mention} now`, 422);
    expect(problem.detail).toContain(words);
    expect(problem.detail).toContain(`Write \\${mention} where only the words are meant`);
    expect(await server.call("GET", `/api/sessions/${id}/inputs`)).toMatchObject({ items: [] });
  });

  test("[R-8.3] the symbols of a file are listed, those of other languages are not known", async () => {
    const { workspaceId } = await server.call<{ workspaceId: string }>("GET", `/api/sessions/${id}`);
    const list = (path: string, status = 200) =>
      server.call<{ language?: string; items: { name: string }[] }>(
        "GET",
        `/api/workspaces/${workspaceId}/symbols?path=${encodeURIComponent(path)}`,
        undefined,
        status,
      );
    const { language, items } = await list("src/lane.ts");
    expect(language).toBe("typescript");
    expect(items.map(({ name }) => name)).toEqual([
      "Lane",
      "Lane.claim",
      "One",
      "One.run",
      "Two",
      "Two.run",
      "x",
      "y",
    ]);
    expect(await list("README.md")).toEqual({ items: [], truncated: false });
    expect(await list("../outside.ts", 422)).toMatchObject({ code: "PATH_ESCAPES" });
    expect(await list("src/none.ts", 422)).toMatchObject({ code: "UNPROCESSABLE" });
    expect(await list("dir.ts", 422)).toMatchObject({ code: "UNPROCESSABLE" });
    expect(await list("big.ts", 413)).toMatchObject({ code: "TOO_LARGE" });
  });

  test("[R-8.2] other words stay words, and so does everything without `mentions`", async () => {
    const text = "npm i @types/node, @Override, me@src/a.ts, \\@src/b.ts, @nobody and @/etc/passwd";
    expect((await admit(text)).message.parts).toHaveLength(1);
    const plain = { parts: [{ type: "text", text: "@src/a.ts @src/b.ts" }] };
    const { message } = await server.call<Admitted>("POST", `/api/sessions/${id}/inputs`, plain, 202);
    expect(message.parts).toHaveLength(1);
    const machine = body("@src/b.ts", { parts: [{ type: "text", text: "@src/b.ts", synthetic: true }] });
    await server.call("POST", `/api/sessions/${id}/inputs`, machine, 202);
  });

  test("[R-8.2] an agent that the session's agent is known to have is mentioned by its name, where no file has it", async () => {
    await admit("first");
    const { turn, epoch, agentSession } = await server.startTurn(id);
    const subagents = [{ name: "helper" }, { name: "src", description: "also a directory" }];
    const op = { op: "agentSession" as const, agentSessionId: agentSession.id, patch: { subagents } };
    await server.store.appendProgress({ sessionId: id, turnId: turn.id, epoch, ops: [op] });
    const { message } = await admit("ask @helper, @src and @stranger");
    expect(message.parts.slice(1)).toMatchObject([
      { type: "agent", name: "helper", source: { value: "@helper", start: 4, end: 11 } },
      { type: "file", source: { path: "src" } },
    ]);
    expect(await server.call("GET", `/api/sessions/${id}/agents`)).toMatchObject({
      items: [{ subagents }],
    });
  });

  test("[D-6, R-8.2] a steer that mentions an agent goes into no running turn, one that mentions a file does", async () => {
    const say = (text: string, more: object = {}) =>
      server.call<Admitted>(
        "POST",
        `/api/sessions/${id}/inputs`,
        body(text, { agent: "steered", ...more }),
        202,
      );
    await say("first");
    const { turn, epoch, agentSession } = await server.startTurn(id);
    const patch = { subagents: [{ name: "helper" }] };
    const op = { op: "agentSession" as const, agentSessionId: agentSession.id, patch };
    await server.store.appendProgress({ sessionId: id, turnId: turn.id, epoch, ops: [op] });
    const deliveryOf = async (text: string) => (await say(text, { delivery: "steer" })).input.delivery;
    expect(await deliveryOf("look at @Makefile")).toBe("steer");
    expect(await deliveryOf("ask @helper")).toBe("queue");
  });

  test("[A-7, D-6] a mention of an agent below one that has none is refused, also when what waits is changed", async () => {
    const parts = { parts: [{ type: "agent", name: "helper" }] };
    const issues = [{ path: "body.parts" }];
    const path = `/api/sessions/${id}/inputs`;
    expect(await server.call("POST", path, parts, 422)).toMatchObject({ code: "UNPROCESSABLE", issues });
    const { input } = await admit("first");
    expect(await server.call("PATCH", `/api/inputs/${input.id}`, parts, 422)).toMatchObject({ issues });
  });

  test("[R-8.2, D-6] an input that waits is read anew when its words change", async () => {
    await admit("first");
    const { input } = await admit("see @Makefile");
    const edit = (text: string, status = 200) =>
      server.call<{ id: InputId; parts: unknown[] }>("PATCH", `/api/inputs/${input.id}`, body(text), status);
    expect((await edit("see @src/a.ts")).parts).toMatchObject([
      { text: "see @src/a.ts" },
      { source: { path: "src/a.ts" } },
    ]);
    await edit("see @src/b.ts", 422);
  });

  test("[R-8.2] a source that a client names is a range of a text, and bounded", async () => {
    const file = (source: object) => ({
      parts: [{ type: "file", mime: "text/plain", url: "Makefile", source: { type: "file", ...source } }],
    });
    const refused = [
      { path: "Makefile", text: { value: "x", start: 2, end: 1 } },
      { path: "x".repeat(4_097), text: { value: "x", start: 0, end: 1 } },
      { path: "Makefile", text: { value: "x".repeat(4_097), start: 0, end: 4_097 } },
    ];
    for (const source of refused) await server.call("POST", `/api/sessions/${id}/inputs`, file(source), 422);
    const source = { path: "Makefile", text: { value: "the rules", start: 3, end: 12 } };
    const { message } = await server.call<Admitted>("POST", `/api/sessions/${id}/inputs`, file(source), 202);
    expect(message.parts).toMatchObject([{ source: { type: "file", ...source } }]);
  });
});
