/** Questions of agents on the command line: listed, shown, answered; asked by `run` and `attach` on a terminal as permissions are. */
import { isTerminal, type Question } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, expectRun, PATIENCE_MS } from "./command.ts";
import { runInTerminal } from "./terminal.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());
afterEach(async () => {
  // What is left open would hold the directory.
  for (const { id } of (await server.client.listSessions()).items)
    for (const turn of (await server.client.listTurns(id)).items)
      if (!isTerminal(turn.state)) await server.client.cancelTurn(turn.id);
});

const FORM = "ASKFORM How? | port!: integer 1..9 | colour: one red, green | days: many Mon, Tue";
const PORT = "ASKFORM Which? | port!: integer 1..9";

const newSession = async (): Promise<string> =>
  (await server.client.createSession({ directory: house.project, agent: "rehearsal" })).id;

async function asking(text: string): Promise<Question> {
  const id = await newSession();
  await server.client.admitInput(id, { parts: [{ type: "text", text }] });
  return vi.waitFor(
    async () => {
      const { items } = await server.client.listQuestions({ state: "pending", sessionId: id });
      if (items[0] === undefined) throw new Error("Nothing is asked yet.");
      return items[0];
    },
    { timeout: PATIENCE_MS },
  );
}

const answerIn = async (sessionId: string) => {
  const { items } = await server.client.listQuestions({ sessionId });
  return items.map(({ state, answer }) => answer ?? state);
};

describe("[I-9] holdfast question", () => {
  test("[A-19] lists, shows all of it, refuses what does not fit, answers once", async () => {
    const { id, sessionId } = await asking(FORM);
    const listed = await house.run(["question", "list", "--session", sessionId]);
    expect(listed.stdout).toContain(id);
    expect(JSON.parse((await house.run(["question", "list", "--json"])).stdout)).toMatchObject({
      items: [{ id }],
      total: 1,
    });
    const shown = await house.run(["question", "show", id]);
    for (const text of [
      "rehearsal asks: How?",
      "port (a whole number, 1 to 9, required)",
      "2) green",
      "pending",
    ])
      expect(shown.stdout).toContain(text);
    expectRun(await house.run(["question", "answer", id]), 2, "Name what you answer");
    expectRun(await house.run(["question", "answer", id, "port=10"]), 2, "port: At most 9.");
    expectRun(await house.run(["question", "answer", id, "prot=1"]), 2, "prot=1 names no field");
    expectRun(await house.run(["question", "answer", id, "port=1", "--cancel"]), 2, "one of them");
    expect((await house.run(["question", "answer", id, "port=7", "colour=2", "days=Mon,Tue"])).code).toBe(0);
    expectRun(await house.run(["question", "answer", id, "--decline"]), 7, "answered already");
    expect(await answerIn(sessionId)).toEqual([
      { action: "accept", content: { port: 7, colour: "green", days: ["Mon", "Tue"] } },
    ]);
    expectRun(await house.run(["question", "show", `qst_${"0".repeat(26)}`]), 4, "No question");
  });

  test.each(["decline", "cancel"])("[A-19] --%s", async (action) => {
    const { id, sessionId } = await asking(PORT);
    expect((await house.run(["question", "answer", id, `--${action}`])).code).toBe(0);
    expect(await answerIn(sessionId)).toEqual([{ action }]);
  });
});

describe("[I-11] a question in a run and in attach", () => {
  test("[A-19] 5 where nobody is there: it is declined at once", async () => {
    const result = await house.run(["run", "--agent", "rehearsal", PORT]);
    expect(result).toMatchObject({ code: 5, stdout: "Answered decline.\n" });
  });

  test("[A-19] lines of a script answer it field by field, and one that does not fit is told", async () => {
    const id = await newSession();
    const stdin = `${FORM}\n/answer 10\n/answer 7\n/answer\n/answer Mon\nSAY after\n`;
    const result = await house.run(["attach", id], { stdin });
    expect(result.stderr).toContain("rehearsal asks: How?");
    expect(result.stderr).toContain("port: At most 9.");
    expect(result.stderr).toContain("✓ Answered: How?");
    expect(result.stdout).toContain("after");
    expect(await answerIn(id)).toEqual([{ action: "accept", content: { port: 7, days: ["Mon"] } }]);
    expect(result.code).toBe(0);
  });

  test.runIf(isWhole)(
    "[A-19] attach without anybody who answers ends with 5 and leaves it open",
    async () => {
      const id = await newSession();
      const result = await house.run(["attach", id], { stdin: `${PORT}\n` });
      expectRun(result, 5, "holdfast question list");
      expect(await answerIn(id)).toEqual(["pending"]);
    },
  );

  const onTerminal = (args: string) => {
    const command = `${process.execPath} ${house.bin} ${args}`;
    const env = { ...house.environment, TERM: "xterm", CI: "" };
    const run = runInTerminal(command, { columns: 70, rows: 20, cwd: house.project, env });
    const sees = (text: string | RegExp) =>
      vi.waitFor(() => expect(run.terminal.text()).toMatch(text), { timeout: PATIENCE_MS });
    return { ...run, sees };
  };

  test("[A-19] run asks on its terminal, one field after the other", async () => {
    const { type, sees, ended } = onTerminal(`run --agent rehearsal "${FORM}"`);
    await sees(/port: ?$/);
    type("many\r");
    await sees(/Expected a number\.\s+port: ?$/);
    type("7\r");
    await sees(/colour: ?$/);
    type("2\r");
    await sees(/days: ?$/);
    type("\r");
    await sees(/Answered accept: \{"port":7,"colour":"green"\}/);
    expect(await ended).toBe(0);
  });

  test("[A-19] attach asks in its line, and a command there is none of the answer", async () => {
    const id = await newSession();
    const { terminal, type, sees, ended } = onTerminal(`attach ${id}`);
    await sees(/^> ?$/m);
    type(`${PORT}\r`);
    await sees(/\nport: ?$/);
    // For half a second nothing counts; this never fits.
    for (let tries = 1; !terminal.text().includes("Expected a number"); tries += 1) {
      type("x\r");
      await vi.waitFor(
        () => expect(terminal.text().match(/Not sent: x|Expected a number/g)).toHaveLength(tries),
        {
          timeout: PATIENCE_MS,
        },
      );
    }
    type("8\r");
    await sees(/✓ Answered: Which\?/);
    await sees(/The turn completed\./);
    expect(await answerIn(id)).toEqual([{ action: "accept", content: { port: 8 } }]);
    type("/leave\r");
    expect(await ended).toBe(0);
  });
});
