import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isTerminal, sessionEventSchema, type SessionId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { sampleOf, isWhole } from "../../../test/harness/sample.ts";
import { openWire } from "../../../test/harness/wire.ts";
import { createHouse, PATIENCE_MS, type Running } from "./command.ts";
import { runInTerminal } from "./terminal.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

const sessions: SessionId[] = [];
const newSession = async (client = server.client): Promise<SessionId> => {
  const { id } = await client.createSession({
    directory: house.project,
    agent: "rehearsal",
    title: "Attached",
  });
  sessions.push(id);
  return id;
};
afterEach(async () => {
  for (const id of sessions.splice(0)) {
    const { items } = await server.client.listTurns(id).catch(() => ({ items: [] }));
    for (const turn of items) if (!isTerminal(turn.state)) await server.client.cancelTurn(turn.id);
  }
});

const attach = (id: string, stdin: string, ...flags: string[]) =>
  house.run(["attach", id, ...flags], { stdin });
const attachOpen = (id: string, ...flags: string[]) =>
  house.start(["attach", id, ...flags], { isStdinOpen: true });
const shows = (running: Running, text: string) =>
  vi.waitFor(() => expect(running.stdout() + running.stderr()).toContain(text), { timeout: PATIENCE_MS });
const runs = (id: string, client = server.client) =>
  vi.waitFor(async () => expect((await client.listTurns(id)).items[0]?.state).toBe("running"), {
    timeout: PATIENCE_MS,
  });
const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

describe("[I-9] attach without a terminal", () => {
  test("[I-9] lines of stdin are messages; what comes of each is shown once and in order, and it ends with them", async () => {
    const id = await newSession();
    const result = await attach(id, "SAY one\nSLOW 5 2\nSAY two \\\nSAY three\n");
    expect(lines(result.stdout).map((line) => line.trim())).toEqual([
      "> SAY one",
      "one",
      "> SLOW 5 2",
      "w1 w2 w3 w4 w5",
      "> SAY two",
      "> SAY three",
      "two",
      "three",
    ]);
    expect(result.code).toBe(0);
    expect(result.stderr.match(/The turn completed/g)).toHaveLength(3);
    expect(result.stdout).not.toContain("\u001b");
  });

  test.runIf(isWhole)(
    "[I-9] it begins with the last part of the transcript, and with nothing to do it only shows that",
    async () => {
      const id = await newSession();
      await attach(id, "SAY one\nSAY two\nFAIL broken");
      const all = await attach(id, "");
      expect(lines(all.stdout)).toEqual(["> SAY one", "one", "> SAY two", "two", "> FAIL broken"]);
      expect(all.stderr).toContain("broken");
      const last = await attach(id, "", "--messages", "3");
      expect(lines(last.stdout)).toEqual(["two", "> FAIL broken"]);
      expect(lines((await attach(id, "", "-n", "0")).stdout)).toEqual([]);
    },
  );

  test.runIf(isWhole)("[D-6] what waits behind a running turn is shown; it can be taken out", async () => {
    const id = await newSession();
    const attached = attachOpen(id);
    attached.child.stdin?.write("HANG\n");
    await runs(id);
    attached.child.stdin?.write("SAY second\nSAY third\n");
    await shows(attached, "waiting 2) SAY third");
    attached.child.stdin?.write("/remove 1\n/queue\n");
    await shows(attached, "waiting 1) SAY third");
    attached.child.stdin?.write("/stop\n");
    await shows(attached, "The queue is paused");
    attached.child.stdin?.end("/resume\n");
    const result = await attached.ended;
    expect(lines(result.stdout)).toEqual(["> HANG", "> SAY third", "third"]);
    expect(result.code).toBe(130);
  });

  test.each<[string, string, number, string]>([
    ["/once", "once", 0, "Allowed: may I"],
    ["/always", "always", 0, "Allowed: may I"],
    ["/reject not that", "reject", 5, "Not allowed: may I"],
  ])("[A-19] %s answers what the agent asks", async (line, reply, code, told) => {
    const id = await newSession();
    const result = await attach(id, `ASK may I\n${line}\n`);
    expect(result.stdout).toContain(told);
    expect(result.stderr).toContain("rehearsal asks: may I");
    const { items } = await server.client.listPermissions({ sessionId: id });
    expect(items[0]).toMatchObject({ state: "replied", reply });
    if (reply === "reject") expect(items[0]).toMatchObject({ message: "not that" });
    expect(result.code).toBe(code);
  });

  test.runIf(isWhole)(
    "[A-19] an answer that came from elsewhere is told; a second one is not taken",
    async () => {
      const id = await newSession();
      const attached = attachOpen(id);
      attached.child.stdin?.write("ASK may I\n");
      await shows(attached, "rehearsal asks");
      const request = (await server.client.listPermissions({ state: "pending", sessionId: id })).items[0];
      await server.client.replyPermission(request?.id ?? "", { reply: "once" });
      await shows(attached, "✓ Allowed: may I");
      attached.child.stdin?.end("/reject\n");
      const result = await attached.ended;
      expect(result.stderr).toContain("No open requests.");
      expect(result.code).toBe(0);
    },
  );

  test.each<[number, string]>([
    [1, "FAIL broken\nSAY fine"],
    [5, "ASK may I"],
    [0, "/nonsense\nSAY fine"],
  ])("[I-11] %i after %j", async (code, stdin) => {
    const id = await newSession();
    expect((await attach(id, stdin)).code).toBe(code);
  });

  test.runIf(isWhole)(
    "[I-11] 4 for an unknown session, 4 for one that is deleted meanwhile, 6 without a server",
    async () => {
      expect((await attach(`ses_${"0".repeat(26)}`, "")).code).toBe(4);
      expect((await house.run(["--url", "http://127.0.0.1:9", "attach", `ses_${"0".repeat(26)}`])).code).toBe(
        6,
      );
      const id = await newSession();
      const attached = attachOpen(id);
      await shows(attached, "Attached");
      await server.client.deleteSession(id);
      expect(await attached.ended).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("deleted") as unknown,
      });
    },
  );

  test("[I-11] the first Ctrl-C stops the turn, the second leaves", async () => {
    const id = await newSession();
    const attached = attachOpen(id);
    attached.child.stdin?.write("SLOW 100000 10\n");
    // What it shows of the answer came after the turn's start, so it knows of that too.
    await shows(attached, "w3 ");
    attached.child.kill("SIGINT");
    await shows(attached, "The turn ended (cancelled)");
    expect(attached.child.exitCode).toBeNull();
    await vi.waitFor(
      () => {
        attached.child.kill("SIGINT");
        // A third one that comes while it is leaving ends it as the signal does: a shell calls both 130.
        const { exitCode, signalCode } = attached.child;
        expect(exitCode ?? signalCode).toBe(signalCode === null ? 130 : "SIGINT");
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
  });

  test.runIf(isWhole)("[I-9] leaving never stops the session, however it happens", async () => {
    const id = await newSession();
    const attached = attachOpen(id);
    attached.child.stdin?.write("SLOW 900 10\n");
    await shows(attached, "w3 ");
    attached.child.stdin?.write("/leave\n");
    expect(await attached.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("stops nothing") as unknown,
    });
    const again = attachOpen(id);
    await shows(again, "w3 ");
    again.child.kill("SIGKILL");
    await again.ended;
    const result = await attach(id, "");
    const words = Array.from({ length: 900 }, (_, index) => `w${index + 1}`);
    expect(result.stdout.match(/\bw\d+/g)).toEqual(words);
  });
});

describe("[I-10] attach for programs", () => {
  test.runIf(isWhole)("[I-10] stream-json: the API's events, then one record of the end", async () => {
    const id = await newSession();
    const { stdout, code } = await attach(id, "SAY hi\nFAIL broken", "--output", "stream-json");
    const records = lines(stdout).map((line) => JSON.parse(line) as { seq: number });
    const end = records.pop();
    expect(end).toMatchObject({ type: "end", reason: "idle", exitCode: 1, lastSeq: records.at(-1)?.seq });
    const events = records.map((record) => sessionEventSchema.parse(record));
    expect(events.map(({ seq }) => seq)).toEqual(records.map((_, index) => (records[0]?.seq ?? 0) + index));
    expect(code).toBe(1);
    const refused = await attach(`ses_${"0".repeat(26)}`, "", "--output", "stream-json");
    expect(lines(refused.stdout).map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ type: "error", code: "NOT_FOUND", exitCode: 4 }),
    ]);
  });

  test.runIf(isWhole)("[I-10] --json: one object with what ended meanwhile, also for a refusal", async () => {
    const id = await newSession();
    await attach(id, "SAY before");
    const { stdout } = await attach(id, "SAY hi", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      sessionId: id,
      reason: "idle",
      turns: [{ state: "completed" }],
      messages: [{ parts: [{ text: "SAY hi" }] }, {}],
      exitCode: 0,
    });
    const refused = await attach(`ses_${"0".repeat(26)}`, "", "--json");
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "NOT_FOUND" }, exitCode: 4 });
  });
});

describe("[I-5] attach and a server that goes away", () => {
  const wordsOf = (text: string) => (text.match(/\bw\d+/g) ?? []).map((word) => Number(word.slice(1)));

  test.each(sampleOf(["the same address", "another address"], 1))(
    "[D-22, I-16] a restart at %s loses and doubles nothing; what is typed meanwhile is sent once",
    async (where) => {
      const other = createHouse();
      try {
        const first = await other.serve();
        const { id } = await first.client.createSession({ directory: other.project, agent: "rehearsal" });
        const attached = other.start(["attach", id], { isStdinOpen: true });
        attached.child.stdin?.write("SLOW 100000 2\n");
        await shows(attached, "w50 ");
        first.child.kill("SIGKILL");
        await first.ended;
        attached.child.stdin?.write("SAY meanwhile\n");
        await shows(attached, "Connection lost");
        const port = where === "the same address" ? new URL(first.url).port : "0";
        const second = await other.serve({ HOLDFAST_PORT: port });
        await shows(attached, "Connected again.");
        await shows(attached, "interrupted");
        await vi.waitFor(async () => expect((await second.client.listInputs(id)).items).toHaveLength(2), {
          timeout: PATIENCE_MS,
        });
        attached.child.stdin?.write("/resume\n");
        await shows(attached, "> SAY meanwhile\nmeanwhile\n");
        attached.child.stdin?.end();
        const { stdout } = await attached.ended;
        const { items } = await second.client.listMessages(id);
        const stored = items
          .flatMap(({ parts }) => parts)
          .flatMap((part) => (part.type === "text" ? wordsOf(part.text) : []));
        expect(wordsOf(stdout)).toEqual(stored);
        expect(wordsOf(stdout)).toEqual(stored.map((_, index) => index + 1));
        expect(stdout.match(/meanwhile/g)).toHaveLength(2);
      } finally {
        await other.close();
      }
    },
  );

  test.runIf(isWhole)("[D-22] a connection that is back within 3 s is not spoken of", async () => {
    await using wire = await openWire();
    const other = createHouse();
    try {
      const { url, client } = await other.serve({ HOLDFAST_ALLOWED_HOSTS: `127.0.0.1:${wire.port}` });
      wire.leadTo(url);
      const { id } = await client.createSession({ directory: other.project, agent: "rehearsal" });
      const env = {
        HOLDFAST_URL: `http://127.0.0.1:${wire.port}`,
        HOLDFAST_TOKEN: readFileSync(join(other.dataDirectory, "token"), "utf8").trim(),
      };
      const attached = other.start(["attach", id], { isStdinOpen: true, env });
      attached.child.stdin?.write("SAY before\n");
      await shows(attached, "The turn completed");
      wire.cut();
      wire.mend();
      await client.admitInput(id, { parts: [{ type: "text", text: "SAY from elsewhere" }] });
      await shows(attached, "from elsewhere\nfrom elsewhere\n".replace("from", "> SAY from"));
      attached.child.stdin?.end();
      expect((await attached.ended).stderr).not.toContain("Connect");
    } finally {
      await other.close();
    }
  });
});

describe("[I-9] attach on a terminal", () => {
  const onTerminal = (id: string, size = { columns: 60, rows: 15 }) => {
    const command = `${process.execPath} ${house.bin} attach ${id}`;
    const env = { ...house.environment, TERM: "xterm", CI: "" };
    const run = runInTerminal(command, { ...size, cwd: house.project, env });
    const sees = (text: string | RegExp) =>
      vi.waitFor(
        () => {
          const shown = run.terminal.text();
          return typeof text === "string" ? expect(shown).toContain(text) : expect(shown).toMatch(text);
        },
        { timeout: PATIENCE_MS },
      );
    return { ...run, sees };
  };

  test.runIf(isWhole)(
    "[I-9] typing while text streams: the area stays below, every word stands there once, the queue is shown",
    async () => {
      const id = await newSession();
      const { terminal, type, sees, ended } = onTerminal(id);
      await sees(/^> ?$/m);
      type("SLOW 1000 10\r");
      await sees("w10 ");
      type("SAY half ty");
      await sees(/works \(Ctrl-C stops it\)\n> SAY half ty$/);
      await sees("w40 ");
      type("ped\r");
      await sees(/waiting 1\) SAY half typed\n>$/);
      await sees("> SAY half typed\nhalf typed\nThe turn completed.\n>");
      expect(terminal.text().match(/\bw\d+/g)).toEqual(
        Array.from({ length: 1000 }, (_, index) => `w${index + 1}`),
      );
      expect(terminal.text()).not.toContain("waiting");
      type("\u0004");
      expect(await ended).toBe(0);
      expect(terminal.text()).toMatch(/The turn completed\.$/);
    },
  );

  test("[A-19] a question is answered by a lone letter; what was being typed when it came is not its answer", async () => {
    const id = await newSession();
    const { terminal, type, sees, ended } = onTerminal(id);
    await sees(/^> ?$/m);
    type("SLOW 300 20\\\rASK may I\r");
    await sees("w3 ");
    type("a");
    await sees("rehearsal asks: may I");
    await sees(/\n> a$/);
    type("\u007f");
    await sees(/\[o\]nce, \[a\]lways, \[r\]eject \[why\]>$/);
    expect((await server.client.listPermissions({ state: "pending", sessionId: id })).items).toHaveLength(1);
    // For half a second no answer counts; this one never does.
    for (let tries = 1; !terminal.text().includes("Answer o, a or r"); tries += 1) {
      type("x\r");
      await vi.waitFor(() => expect(terminal.text().match(/Not sent: x|Answer o, a/g)).toHaveLength(tries), {
        timeout: PATIENCE_MS,
      });
    }
    type("o\r");
    await sees("Allowed: may I");
    await sees("The turn completed.");
    const { items } = await server.client.listInputs(id);
    expect(items).toHaveLength(1);
    type("/leave\r");
    expect(await ended).toBe(0);
  });

  test("[I-11] Ctrl-C stops the turn, another leaves", async () => {
    const id = await newSession();
    const { type, sees, ended, child } = onTerminal(id);
    await sees(/^> ?$/m);
    type("HANG\r");
    await sees("works");
    type("\u0003");
    await sees("Stopping; press Ctrl-C again to leave.");
    await sees("The turn ended (cancelled)");
    await vi.waitFor(
      () => {
        type("\u0003");
        expect(child.exitCode).toBe(130);
      },
      { timeout: PATIENCE_MS, interval: 200 },
    );
    expect(await ended).toBe(130);
  });

  test("[I-9] a paste of several lines is one message", async () => {
    const id = await newSession();
    const { type, sees } = onTerminal(id, { columns: 30, rows: 8 });
    await sees(/^> ?$/m);
    type("SAY one that is longer than the terminal is wide\nSAY two\r");
    await sees("> SAY two\none that is longer than the te\nrminal is wide\ntwo\nThe turn completed.");
    expect((await server.client.listInputs(id)).items).toHaveLength(1);
    type("\u0004");
  });
});
