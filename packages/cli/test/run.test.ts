import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTerminal, sessionEventSchema, type SessionEvent, type Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, PATIENCE_MS, type Result } from "./command.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

const ask = (prompt: string, ...flags: string[]): Promise<Result> =>
  house.run(["run", "--agent", "rehearsal", ...flags, prompt]);
const linesOf = (result: Result): unknown[] =>
  result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

async function newSession(): Promise<string> {
  const result = await house.run(["session", "new", "--agent", "rehearsal"]);
  return result.stdout.trim();
}

describe("[I-11] the exit code comes from the turn's final state", () => {
  test.each<[number, string, string[], string]>([
    [0, "SAY all good", [], "completed"],
    [1, "FAIL it broke", [], "failed"],
    [3, "HANG", ["--timeout", "0.4"], "timeout"],
    [5, "ASK may I", [], "a permission that nobody answered"],
  ])("%i: %s %j (%s)", async (code, prompt, flags) => {
    expect((await ask(prompt, ...flags)).code).toBe(code);
  });

  test.each<[number, string[], string]>([
    [2, ["run"], "no prompt"],
    [2, ["run", "--nope", "x"], "an unknown flag"],
    [2, ["run", "--approval-mode", "yolo", "x"], "an unknown choice"],
    [2, ["run", "--timeout", "never", "x"], "no number"],
    [2, ["dance"], "an unknown command"],
    [2, ["turn", "queue", `ses_${"0".repeat(26)}`, "--remove", "x"], "a malformed id"],
    [4, ["run", "--session", `ses_${"0".repeat(26)}`, "x"], "no such session"],
    [4, ["session", "show", `ses_${"0".repeat(26)}`], "no such session"],
    [6, ["--data-dir", "/nonexistent", "agents"], "no server"],
    [6, ["--url", "http://127.0.0.1:9", "agents"], "nobody listens"],
    [0, ["--help"], "help"],
    [0, ["run", "--help"], "help"],
  ])("%i: %j (%s)", async (code, args) => {
    const result = await house.run(args);
    expect(result.code).toBe(code);
    expect(result.stdout === "" ? result.stderr : result.stdout).not.toBe("");
    expect(result.stderr).not.toContain("    at ");
  });

  test("[I-11] 6 says how to start a server, 8 what a wrong token means", async () => {
    const alone = await house.run(["agents"], { env: { HOLDFAST_DATA_DIR: `${house.root}/other` } });
    expect(alone.stderr).toContain("holdfast serve");
    const stranger = await house.run(["agents"], { env: { HOLDFAST_TOKEN: "x".repeat(40) } });
    expect(stranger.code).toBe(8);
    expect(stranger.stderr).toContain("HOLDFAST_TOKEN");
  });

  test.runIf(isWhole)("[I-11] 7: a second answer to a request, and a second server", async () => {
    const session = await newSession();
    await house.run(["turn", "send", session, "ASK may I"]);
    const id = await vi.waitFor(
      async () => {
        const { items } = await server.client.listPermissions({ state: "pending", sessionId: session });
        if (items[0] === undefined) throw new Error("No open request yet.");
        return items[0].id;
      },
      { timeout: PATIENCE_MS },
    );
    expect((await house.run(["permission", "list"])).stdout).toContain(id);
    expect((await house.run(["permission", "reply", id, "once"])).code).toBe(0);
    expect((await house.run(["permission", "reply", id, "reject"])).code).toBe(7);
    expect((await house.run(["serve"])).code).toBe(7);
  });

  test("[I-11] 130: Ctrl-C stops the turn", async () => {
    const running = house.start(["run", "--agent", "rehearsal", "--output", "stream-json", "HANG"]);
    await vi.waitFor(() => expect(running.stdout()).toContain("step.started"), { timeout: PATIENCE_MS });
    running.child.kill("SIGINT");
    const result = await running.ended;
    expect(result.code).toBe(130);
    expect(linesOf(result).at(-1)).toMatchObject({
      type: "turn.aborted",
      data: { turn: { reason: "cancelled" } },
    });
  });
});

describe("[I-10] output", () => {
  test("[I-10] text goes to stdout as it comes, and nothing else does", async () => {
    const result = await ask("SAY one\nSLOW 3 5\nSAY two");
    expect(result.stdout.replaceAll(/\s+/g, " ").trim()).toBe("one w1 w2 w3 two");
    expect(result.stdout).not.toContain("\u001b");
  });

  test("[I-10] tool calls are lines on stderr", async () => {
    const result = await ask("OUTPUT 10\nSAY done", "--approval-mode", "all");
    expect(result).toMatchObject({ code: 0, stdout: "done\n" });
    expect(result.stderr).toMatch(/^• /m);
  });

  test("[R-8.2, I-9] files that are mentioned go along, a missing one is wrong usage, and stdin is taken as it is", async () => {
    writeFileSync(join(house.project, "mentioned.ts"), "one\ntwo\nthree\n");
    const given = await ask("GIVEN @mentioned.ts:2-3");
    expect([given.code, given.stdout]).toEqual([
      0,
      `resource file://${house.project}/mentioned.ts#L2-3 ${JSON.stringify("two\nthree\n")}\n`,
    ]);
    const symbol = await ask("GIVEN @mentioned.ts#three");
    expect([symbol.code, symbol.stderr]).toEqual([
      2,
      expect.stringContaining("names no symbol of mentioned.ts"),
    ]);
    const missing = await ask("GIVEN @missing.ts");
    expect([missing.code, missing.stdout]).toEqual([2, ""]);
    expect(missing.stderr).toContain("There is no missing.ts in");
    const { total } = await server.client.listSessions();
    expect(await ask("GIVEN @missing.ts")).toMatchObject({ code: 2 });
    expect((await server.client.listSessions()).total, "nothing is left of a refused run").toBe(total);
    const piped = await house.run(["run", "--agent", "rehearsal"], { stdin: "GIVEN @missing.ts\n" });
    expect(piped.stdout).toBe("Nothing was given beside the words.\n");
    const session = await newSession();
    const sent = await house.run(["turn", "send", session, "SAY @missing.ts"]);
    expect(sent.code).toBe(2);
    await house.run(["attach", session], { stdin: "SAY hello @mentioned.ts:2\n" });
    const shown = await house.run(["session", "show", session]);
    expect(shown.stdout).toContain("> [file mentioned.ts:2]");
  });

  test.runIf(isWhole)(
    "[R-8.3] a symbol that is mentioned goes along with its lines, and is shown by its name",
    async () => {
      writeFileSync(join(house.project, "lane.py"), "class Lane:\n    def claim(self):\n        return 1\n");
      const given = await ask("GIVEN @lane.py#claim");
      const lines = JSON.stringify("    def claim(self):\n        return 1\n");
      expect([given.code, given.stdout]).toEqual([
        0,
        `resource file://${house.project}/lane.py#L2-3 ${lines}\n`,
      ]);
      const session = await newSession();
      expect((await house.run(["turn", "send", session, "SAY @lane.py#Lane"])).code).toBe(0);
      const shown = await house.run(["session", "show", session]);
      expect(shown.stdout).toContain("> [file lane.py#Lane]");
    },
  );

  test.runIf(isWhole)("[I-10] a prompt may come on stdin", async () => {
    const result = await house.run(["run", "--agent", "rehearsal"], { stdin: "SAY from a pipe\n" });
    expect(result).toMatchObject({ code: 0, stdout: "from a pipe\n" });
  });

  test("[I-10] --json is one object, also for a refusal", async () => {
    const good = await ask("SAY hi", "--json");
    const answer = JSON.parse(good.stdout) as {
      turn: Turn;
      messages: { parts: { type: string; text?: string }[] }[];
    };
    expect(answer.turn.state).toBe("completed");
    expect(answer.messages.flatMap((message) => message.parts.map((part) => part.text))).toContain("hi\n");
    const bad = await house.run(["run", "--json", "--session", `ses_${"0".repeat(26)}`, "x"]);
    expect(JSON.parse(bad.stdout)).toMatchObject({ error: { code: "NOT_FOUND" }, exitCode: 4 });
  });

  test("[I-10] stream-json is the API's events, in order, with one terminal record at the end", async () => {
    const result = await ask(
      "SAY a\nSLOW 5 5\nOUTPUT 100",
      "--output",
      "stream-json",
      "--approval-mode",
      "all",
    );
    const events = linesOf(result).map((line) => sessionEventSchema.parse(line) as SessionEvent);
    const seqs = events.map((event) => event.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const ends = events.filter((event) => "turn" in event.data && isTerminal(event.data.turn.state));
    expect(ends).toEqual([events.at(-1)]);
    expect(result.code).toBe(0);
  });

  test("[I-10] stream-json ends in exactly one record also when no turn came to be", async () => {
    const result = await house.run([
      "run",
      "--output",
      "stream-json",
      "--session",
      `ses_${"0".repeat(26)}`,
      "x",
    ]);
    expect(linesOf(result)).toEqual([
      expect.objectContaining({ type: "error", code: "NOT_FOUND", exitCode: 4 }),
    ]);
  });
});

describe("[I-9] a session is more than a run", () => {
  test("[I-9] a second run goes on in the session", async () => {
    const session = await newSession();
    expect((await ask("REMEMBER apple", "--session", session)).code).toBe(0);
    expect((await ask("RECALL", "--session", session)).stdout).toContain("apple");
  });

  test("[D-18, I-5] a server that is killed and started again ends the run by the turn's state", async () => {
    const other = createHouse();
    try {
      const first = await other.serve();
      const running = other.start(["run", "--agent", "rehearsal", "--output", "stream-json", "HANG"]);
      await vi.waitFor(() => expect(running.stdout()).toContain("step.started"), { timeout: PATIENCE_MS });
      first.child.kill("SIGKILL");
      await first.ended;
      await other.serve({ HOLDFAST_PORT: new URL(first.url).port });
      const result = await running.ended;
      expect(linesOf(result).at(-1)).toMatchObject({
        type: "turn.aborted",
        data: { turn: { reason: "interrupted" } },
      });
      expect(result.code).toBe(1);
    } finally {
      await other.close();
    }
  });
});

describe("[R-2.1] run --schema", () => {
  const file = join(house.project, "bird.json");
  const schema = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };
  beforeAll(() => writeFileSync(file, JSON.stringify(schema)));

  test("[R-2.1, I-10] prints the value alone, after a try that did not fit", async () => {
    const result = await ask('SAY none\nLATER {"bird": "heron"}', "--schema", file);
    expect(JSON.parse(result.stdout)).toEqual({ bird: "heron" });
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  test("[R-2.1, I-11] prints nothing and says why when no answer fits", async () => {
    const result = await ask("SAY none", "--schema", file, "--retries", "0");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("does not fit the schema");
  });

  test.runIf(isWhole)("[R-2.2, I-11] a schema that is none is a wrong use, whoever finds it", async () => {
    writeFileSync(join(house.project, "text.json"), "bird");
    writeFileSync(join(house.project, "wrong.json"), '{"type": "bird"}');
    for (const name of ["missing.json", "text.json", "wrong.json"]) {
      const result = await ask("SAY x", "--schema", name);
      expect([name, result.code, result.stdout]).toEqual([name, 2, ""]);
    }
    expect((await ask("SAY x", "--retries", "1")).code).toBe(2);
  });

  test.runIf(isWhole)("[I-10] session show tells that an answer was not accepted in a line", async () => {
    const result = await ask('SAY none\nLATER {"bird": "owl"}', "--schema", file, "--title", "shown");
    expect(result.code).toBe(0);
    const list = await house.run(["--json", "session", "list"]);
    const { items } = JSON.parse(list.stdout) as { items: { id: string; title: string }[] };
    const shown = await house.run([
      "session",
      "show",
      items.find(({ title }) => title === "shown")?.id ?? "",
    ]);
    expect(shown.stdout).toContain("• The agent was told that its answer does not fit what was asked for.");
    expect(shown.stdout).not.toContain("holdfast-format");
  });
});
