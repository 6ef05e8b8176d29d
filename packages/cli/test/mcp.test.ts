/** `holdfast mcp`: which MCP servers the agents of a project or a session are given. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, expectRun } from "./command.ts";

/** An MCP server with resources. */
const NOTES = join(import.meta.dirname, "../../../test/harness/mcp-server.ts");

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

const mcp = (...args: string[]) => house.run(["mcp", ...args], { env: { HUSH: "hush-hush" } });
const json = async (...args: string[]) => JSON.parse((await mcp(...args, "--json")).stdout) as unknown;

describe("[I-9] holdfast mcp", () => {
  test("[A-7] a directory without a session has no project yet", async () => {
    const { code, stderr } = await mcp("list");
    expect([code, stderr]).toEqual([4, expect.stringContaining("is not known yet")]);
  });

  test("[A-7] adds, lists, leaves out and removes, and shows no value", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    expectRun(await mcp("list"), 0, "No MCP servers.");
    expectRun(
      await mcp("add", "files", "--env", "HUSH", "--env", "A=b=c", "--", "npx", "-y", "x y"),
      0,
      "next turn",
    );
    const docs = [
      "add",
      "docs",
      "--http",
      "https://docs.example/mcp",
      "--header",
      "Authorization: Bearer $HUSH",
    ];
    expectRun(await mcp(...docs, "--session", id), 0, "keep what they remember");
    expectRun(await mcp("add", "old", "--sse", "http://127.0.0.1:1/sse"), 0, "next turn");
    expectRun(await mcp("off", "old", "--session", id), 0, "next turn");
    const listed = await mcp("list", "--session", id);
    expect(listed.stdout.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "))).toEqual([
      "docs | http | session | https://docs.example/mcp | (Authorization)",
      "files | stdio | project | npx -y 'x y' | (HUSH, A)",
      "old | off | session | not given to this session's agents",
      "",
    ]);
    expect(await json("list", "--session", id)).toEqual({
      project: {
        files: { type: "stdio", command: "npx", args: ["-y", "x y"], env: ["HUSH", "A"] },
        old: { type: "sse", url: "http://127.0.0.1:1/sse" },
      },
      session: {
        docs: { type: "http", url: "https://docs.example/mcp", headers: ["Authorization"] },
        old: { type: "off" },
      },
    });
    expect(listed.stdout).not.toContain("hush-hush");
    expect(await json("remove", "files")).toMatchObject({ mcpServers: { old: { type: "sse" } } });
    expect(await json("remove", "docs", "--session", id)).toMatchObject({
      mcpServers: { old: { type: "off" } },
    });
  });

  test.runIf(isWhole)("[A-7, I-11] removing what is not there is an error, and says what is", async () => {
    const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal" });
    const { code, stderr } = await mcp("remove", "nosuch");
    expect([code, stderr]).toEqual([4, expect.stringContaining("The project has no MCP server nosuch.")]);
    expectRun(await mcp("add", "files", "--", "npx"), 0, "next turn");
    expectRun(
      await mcp("remove", "files", "--session", id),
      4,
      "`holdfast mcp off` leaves out one of its project",
    );
    expectRun(await mcp("remove", "files"), 0, "next turn");
  });

  test.runIf(isWhole)(
    "[R-8.4] lists what the servers of a session have, as it is mentioned, and those that do not tell",
    async () => {
      const { id } = await server.client.createSession({
        directory: house.project,
        agent: "rehearsal",
        mcpServers: {
          notes: { type: "stdio", command: process.execPath, args: [NOTES], env: { NOTE: "hush-hush" } },
          gone: { type: "stdio", command: "no-such-program-anywhere" },
        },
      });
      const { code, stdout, stderr } = await mcp("resources", "--session", id);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^@mcp:\/\/notes\/note:\/\/text +The note note:\/\/text/m);
      expect(stderr).toContain("gone: the program no-such-program-anywhere was not found");
      expect(await json("resources", "--session", id)).toMatchObject({
        items: expect.arrayContaining([
          expect.objectContaining({ server: "notes", uri: "note://text" }),
        ]) as unknown,
        problems: expect.arrayContaining([expect.objectContaining({ server: "gone" })]) as unknown,
      });
      await house.run(["turn", "send", id, "SAY @mcp://notes/note://text"]);
      const shown = await house.run(["session", "show", id]);
      expect(shown.stdout).toContain("> [file note://text, blob:");
    },
  );

  test.each<[string[], string]>([
    [["add", "a"], "one of these"],
    [["add", "a", "--http", "http://127.0.0.1/", "--", "npx"], "one of these"],
    [["add", "a", "--http", "http://127.0.0.1/", "--sse", "http://127.0.0.1/"], "one of these"],
    [["add", "a", "--header", "A: b", "--", "npx"], "for an address"],
    [["add", "a", "--env", "A=b", "--http", "http://127.0.0.1/"], "for a program"],
    [["add", "a", "--env", "NONE_SUCH", "--", "npx"], "NONE_SUCH is not set here"],
    [["add", "a", "--http", "http://127.0.0.1/", "--header", "A: $NONE_SUCH"], "NONE_SUCH is not set here"],
    [["add", "a", "--http", "http://127.0.0.1/", "--header", "none"], "Name: value"],
  ])("[A-7] %j is refused with what is missing", async (args, text) => {
    const { code, stderr } = await mcp(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
  });
});
