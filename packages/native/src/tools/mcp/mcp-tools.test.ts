import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { FakeClock, systemClock } from "@holdfast/kernel";
import type { GivenMcpServer } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { until } from "../../../../../test/harness/until.ts";
import { toolPlace, type ToolPlace } from "../../../test/tool-place.ts";
import type { Tool } from "../tool.ts";
import { type McpTools, openMcpTools } from "./open-mcp-tools.ts";
import { toolName } from "./tool-name.ts";

const PROGRAM = join(import.meta.dirname, "../../../test/fixture/mcp-server.ts");

let place: ToolPlace;
let opened: McpTools | undefined;
const given = (name: string, env: Record<string, string> = {}): GivenMcpServer => ({
  name,
  type: "stdio",
  command: process.execPath,
  args: [PROGRAM],
  env,
});

async function open(...servers: GivenMcpServer[]): Promise<McpTools> {
  const { path: directory, environment, leave, clock } = place;
  return (opened = await openMcpTools(servers, {
    directory,
    environment,
    signal: leave.signal,
    clock,
    taken: ["words_fail"],
  }));
}

function toolOf({ tools }: McpTools, id: string): Tool {
  const found = tools.find((tool) => tool.id === id);
  if (found === undefined) throw new Error(`There is no ${id}.`);
  return found;
}

const processesWith = (word: string): string =>
  execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(word))
    .join("\n");

beforeEach(async () => {
  place = await toolPlace();
});
afterEach(async () => {
  await opened?.close();
  opened = undefined;
  await place[Symbol.asyncDispose]();
});

describe("[A-26] tools of a server", () => {
  test("have names that providers take and no other tool has, and their own schema; each call is asked for", async () => {
    const mcp = await open(given("words", { WORD: "secret-word" }));
    expect(mcp.problems).toEqual([]);
    expect(mcp.tools.map(({ id }) => id)).toEqual([
      "words_tell",
      "words_all",
      "words_fail_2",
      "words_hang",
      "words_die",
      "words_big_",
      "words_big__2",
    ]);
    const tell = toolOf(mcp, "words_tell");
    expect([tell.kind, tell.description, tell.schema]).toEqual([
      "other",
      "Does tell.",
      { type: "object", properties: { word: { type: "string", pattern: "^[a-z]+$" } } },
    ]);
    expect(await place.run(tell, { word: "hello" })).toEqual({
      title: "words: tell",
      output: "hello secret-word",
    });
    expect(place.permits).toEqual([{ title: "words: tell", kind: "other", patterns: ["words_tell"] }]);
  });

  test("give text, images and resources, and errors as errors", async () => {
    const mcp = await open(given("words"));
    expect(await place.run(toolOf(mcp, "words_all"), {})).toMatchObject({
      output: [
        "one",
        "(An image of the type image/tiff is left out.)",
        "(A recording is left out.)",
        "(A resource: note://a)",
        "note://b:\ntwo",
      ].join("\n\n"),
      attachments: [
        { mime: "image/png", data: "AAAA" },
        { mime: "application/pdf", data: "BBBB" },
      ],
    });
    await expect(place.run(toolOf(mcp, "words_fail_2"), {})).rejects.toThrow(/^it went wrong$/);
    await expect(place.run(toolOf(mcp, "words_big_"), {})).rejects.toThrow(
      /words: big! failed: .*Method not found/,
    );
  });

  test("end with the turn, and a server that dies is one that failed", async () => {
    const mcp = await open(given("words"));
    await expect(place.run(toolOf(mcp, "words_die"), {})).rejects.toThrow(/words: die failed/);
    await expect(place.run(toolOf(mcp, "words_tell"), {})).rejects.toThrow(/words: tell failed/);
    await mcp.close();
    const again = await open(given("words"));
    const hanging = place.run(toolOf(again, "words_hang"), {});
    place.leave.abort(new Error("stopped"));
    await expect(hanging).rejects.toThrow("stopped");
  });
});

describe("[A-26] servers that cannot be used", () => {
  test("are told, without what they are given to keep, and the others are there", async () => {
    const mcp = await open(
      { name: "none", type: "stdio", command: "no-such-program" },
      {
        name: "web",
        type: "http",
        url: "http://127.0.0.1:9/hidden-value",
        headers: { Authorization: "hidden-value" },
      },
      given("words"),
    );
    expect(mcp.tools).toHaveLength(7);
    expect(mcp.problems.toSorted()).toEqual([
      expect.stringMatching(/^The MCP server none cannot be used: .*ENOENT/) as string,
      expect.stringMatching(/^The MCP server web cannot be used: /) as string,
    ]);
    expect(mcp.problems.join()).not.toContain("hidden-value");
  });

  test("because they never answer are given up, with all that they started", async () => {
    const clock = new FakeClock();
    place.clock = clock;
    const opening = open(given("silent", { SILENT: "1", CHILD: "98761" }));
    await until("its child", () => processesWith("sleep 98761") !== "");
    let isOver = false;
    void opening.finally(() => (isOver = true));
    await until("the end", () => {
      clock.advance(500);
      return isOver;
    });
    const { tools, problems } = await opening;
    expect([tools, problems]).toEqual([
      [],
      ["The MCP server silent cannot be used: it did not answer within 30 s."],
    ]);
    await until("the end of its child", () => processesWith("sleep 98761") === "");
  });
});

test("[A-26] a server is ended with all that it started", async () => {
  const mcp = await open(given("words", { CHILD: "98762" }));
  await until("its child", () => processesWith("sleep 98762") !== "");
  await mcp.close();
  await vi.waitFor(() => expect(processesWith("sleep 98762")).toBe(""));
});

test.each(["http", "sse"] as const)("[A-26] over %s an answer without end is given up", async (type) => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", type === "sse" ? "text/event-stream" : "application/json");
    const piece = Buffer.alloc(1024 * 1024, 120);
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    response.on("error", () => undefined);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  place.clock = systemClock;
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { problems } = await open({ name: "web", type, url });
    expect(problems).toEqual([expect.stringMatching(/^The MCP server web cannot be used: /) as string]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("[A-26] names of tools are cleaned, cut and told apart", () => {
  const taken = new Set<string>();
  const long = "x".repeat(100);
  expect(["a b.c", "a_b/c", long, long].map((name) => toolName("s", name, taken))).toEqual([
    "s_a_b_c",
    "s_a_b_c_2",
    `s_${"x".repeat(62)}`,
    `s_${"x".repeat(60)}_2`,
  ]);
});
