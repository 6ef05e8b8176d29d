import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApprovalMode } from "@holdfast/protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { FileStep } from "../../../test/agents/file-agent.ts";
import { AgentRoom } from "../../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { until } from "../../../test/agents/waiting.ts";
import { NO_QUIRKS } from "../catalog/index.ts";
import type { AgentHandle, PermissionAnswer } from "../port.ts";

const PROGRAM = join(import.meta.dirname, "../../../test/agents/file-agent.ts");
const LIMIT_BYTES = 10 * 1024 * 1024;

let room: AgentRoom | undefined;

afterEach(async () => {
  await room?.end();
  room = undefined;
});

/** The file agent, whose record says that it may read and write files through us. */
async function opened(
  approvalMode: ApprovalMode = "ask",
  capabilities = { readFiles: true, writeFiles: true },
): Promise<{ room: AgentRoom; handle: AgentHandle; file: (name: string) => string }> {
  const own = new AgentRoom(
    {},
    {
      definition: (id) =>
        Promise.resolve({
          id,
          name: id,
          backend: "acp",
          argv: [process.execPath, PROGRAM],
          environment: { inherit: "user" },
          quirks: { ...NO_QUIRKS, clientCapabilities: capabilities },
        }),
    },
  );
  room = own;
  const handle = await own.open("files", { approvalMode });
  return { room: own, handle, file: (name) => join(own.project, name) };
}

/** What came of each step that has an answer. */
async function steps(
  { room, handle }: Awaited<ReturnType<typeof opened>>,
  turn: RecordedTurn,
  ...list: FileStep[]
): Promise<unknown[]> {
  await handle.prompt(room.say(JSON.stringify(list)), turn);
  const lines = turn.text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as unknown);
}

const answering = (answer: PermissionAnswer): RecordedTurn => {
  const turn = new RecordedTurn();
  turn.answer = () => answer;
  return turn;
};

const filesOf = (turn: RecordedTurn) =>
  turn.events.flatMap((event) => (event.type === "file" ? [event.path] : []));

const refusal = (code: string) => ({ code: -32_602, data: { code } });

describe("files through the client", () => {
  test("[A-3] nothing is offered, and no request is answered, where the record does not say that it works", async () => {
    const own = await opened("ask", { readFiles: false, writeFiles: false });
    expect(own.room.rows.rows.size).toBe(1);
    const turn = new RecordedTurn();
    const found = await steps(
      own,
      turn,
      { do: "read", path: own.file("a.txt") },
      { do: "write", path: own.file("a.txt"), content: "x" },
    );
    expect(found).toMatchObject([{ code: -32_601 }, { code: -32_601 }]);
    expect(turn.notes("raw")).toHaveLength(2);
    expect(existsSync(own.file("a.txt"))).toBe(false);
  });

  test("[A-25] a file is read by lines; what cannot be read is an error with our code", async () => {
    const own = await opened();
    writeFileSync(own.file("a.txt"), "one\ntwo\nthree\n");
    symlinkSync("/etc/passwd", own.file("link"));
    const turn = new RecordedTurn();
    const read = (path: string, more: object = {}): FileStep => ({ do: "read", path, ...more });
    expect(
      await steps(
        own,
        turn,
        read(own.file("a.txt")),
        read(own.file("a.txt"), { line: 2, limit: 1 }),
        read(own.file("none.txt")),
        read(own.file("link")),
        read("/etc/passwd"),
        read(own.room.home),
        read(own.file("a.txt"), { line: -1 }),
      ),
    ).toMatchObject([
      { result: { content: "one\ntwo\nthree\n" } },
      { result: { content: "two\n" } },
      { code: -32_002 },
      refusal("PATH_ESCAPES"),
      refusal("PATH_ESCAPES"),
      refusal("PATH_ESCAPES"),
      { code: -32_602 },
    ]);
    expect(turn.asks).toEqual([]);
    expect(turn.notes("raw")).toEqual([]);
    expect(filesOf(turn)).toEqual([]);
  });

  test("[A-20, W-5] a write that nobody was asked about asks, and is evidence before it happens", async () => {
    const own = await opened();
    const target = own.file("new/a.txt");
    const turn = new RecordedTurn();
    let before: string[] | undefined;
    turn.answer = () => {
      before = filesOf(turn);
      expect(existsSync(target)).toBe(false);
      return "once";
    };
    expect(await steps(own, turn, { do: "write", path: target, content: "hello" })).toEqual([{ result: {} }]);
    expect(turn.asks).toEqual([
      {
        tool: "write_text_file",
        title: "Write new/a.txt",
        kind: "edit",
        args: { path: target, content: "hello" },
        patterns: [target],
      },
    ]);
    expect([before, filesOf(turn)]).toEqual([[], [target]]);
    expect(readFileSync(target, "utf8")).toBe("hello");
  });

  test("[A-20] a call that was allowed by this path may write it while it runs, and nothing else", async () => {
    const own = await opened();
    const [a, b] = [own.file("a.txt"), own.file("b.txt")];
    const turn = new RecordedTurn();
    const write = (path: string, content: string): FileStep => ({ do: "write", path, content });
    await steps(
      own,
      turn,
      { do: "ask", id: "c1", kind: "edit", path: a },
      write(a, "1"),
      write(a, "2"),
      write(b, "1"),
      { do: "call", id: "c1", kind: "edit", status: "completed", path: a },
      write(a, "3"),
      { do: "ask", id: "c2", kind: "read", path: b },
      write(b, "2"),
    );
    expect(turn.asks.map(({ title, patterns }) => [title, ...patterns])).toEqual([
      ["edit", a],
      ["Write b.txt", b],
      ["Write a.txt", a],
      ["edit", b],
      ["Write b.txt", b],
    ]);
    expect([readFileSync(a, "utf8"), readFileSync(b, "utf8")]).toEqual(["3", "2"]);
  });

  test("[A-20] what was rejected is not written, and a rejected call gives no right to its path", async () => {
    const own = await opened();
    const turn = answering("reject");
    const path = own.file("a.txt");
    const found = await steps(
      own,
      turn,
      { do: "ask", id: "c1", kind: "edit", path },
      { do: "write", path, content: "x" },
    );
    expect(found[1]).toMatchObject(refusal("FORBIDDEN"));
    expect(turn.asks).toHaveLength(2);
    expect([existsSync(path), filesOf(turn)]).toEqual([false, []]);
  });

  test("[A-20] mode readOnly refuses without asking", async () => {
    const own = await opened("readOnly");
    const turn = new RecordedTurn();
    const path = own.file("a.txt");
    expect(await steps(own, turn, { do: "write", path, content: "x" })).toMatchObject([refusal("FORBIDDEN")]);
    expect([turn.asks, existsSync(path)]).toEqual([[], false]);
  });

  test("[A-20] the modes that let edits pass ask nobody", async () => {
    for (const mode of ["edits", "all"] as const) {
      const own = await opened(mode);
      const turn = answering("reject");
      const path = own.file("a.txt");
      expect(await steps(own, turn, { do: "write", path, content: mode })).toEqual([{ result: {} }]);
      expect([turn.asks, filesOf(turn), readFileSync(path, "utf8")]).toEqual([[], [path], mode]);
      await own.room.end();
    }
    room = undefined;
  });

  test("[I-6] nothing outside of the session's directory, of the data directory, of git or too large is written", async () => {
    const own = await opened();
    mkdirSync(own.file(".git"));
    symlinkSync(own.room.home, own.file("out"));
    const turn = new RecordedTurn();
    const write = (path: string, content = "x"): FileStep => ({ do: "write", path, content });
    const found = await steps(
      own,
      turn,
      write("/tmp/../etc/holdfast-test"),
      write(own.file("out/a.txt")),
      write(own.file("../escaped.txt")),
      write(own.file(".git/config")),
      { do: "write", path: own.file("a.txt"), content: "x", sessionId: "another" },
      write(own.file("large.txt"), "y".repeat(LIMIT_BYTES + 1)),
    );
    expect(found.slice(0, 4)).toMatchObject(Array.from({ length: 4 }, () => refusal("PATH_ESCAPES")));
    expect(found[4]).toMatchObject({ code: -32_002 });
    expect(found[5]).toMatchObject(refusal("TOO_LARGE"));
    expect(turn.asks).toHaveLength(1);
    expect(turn.asks[0]?.args).toMatchObject({ moreCharacters: LIMIT_BYTES + 1 - 256 * 1024 });
    expect(existsSync(own.file("large.txt"))).toBe(false);
  });

  test("[I-6] a link that is made while somebody decides leads nowhere", async () => {
    const own = await opened();
    const turn = new RecordedTurn();
    turn.answer = () => {
      symlinkSync(own.room.home, own.file("sub"));
      return "once";
    };
    const found = await steps(own, turn, { do: "write", path: own.file("sub/a.txt"), content: "x" });
    expect(found).toMatchObject([refusal("PATH_ESCAPES")]);
    expect(existsSync(join(own.room.home, "a.txt"))).toBe(false);
  });

  test("[A-16] a request whose prompt is over is refused, also when somebody says yes to it then", async () => {
    const own = await opened();
    const path = own.file("a.txt");
    const late = new RecordedTurn();
    const asked = Promise.withResolvers<PermissionAnswer>();
    late.answer = () => asked.promise;
    await steps(own, late, { do: "write", path, content: "late", late: true });
    asked.resolve("once");
    // The next answer passes behind whatever became of the late write.
    const next = new RecordedTurn();
    await steps(own, next, { do: "read", path });
    expect([existsSync(path), filesOf(late), filesOf(next)]).toEqual([false, [], []]);
  });

  test("[A-15] a cancel ends the wait for an answer, and nothing is written", async () => {
    const own = await opened();
    const path = own.file("a.txt");
    const turn = new RecordedTurn();
    turn.answer = () => new Promise<PermissionAnswer>(() => undefined);
    const list: FileStep[] = [{ do: "write", path, content: "x" }];
    const prompt = own.handle.prompt(own.room.say(JSON.stringify(list)), turn);
    await until("it asks", () => turn.asks.length === 1);
    await own.handle.cancel();
    await prompt;
    expect(turn.text).toContain("FORBIDDEN");
    expect(existsSync(path)).toBe(false);
  });

  test("[A-2] the rehearsal agent writes and reads through us, and asks once", async () => {
    const own = new AgentRoom();
    room = own;
    const handle = await own.open("rehearsal");
    const turn = new RecordedTurn();
    await handle.prompt(own.say("WRITE sub/a.txt hello\nREAD sub/a.txt"), turn);
    const path = join(own.project, "sub/a.txt");
    expect(readFileSync(path, "utf8")).toBe("hello");
    expect(turn.asks).toHaveLength(1);
    expect(filesOf(turn)).toEqual([path]);
    const outputs = turn.events.flatMap((event) => (event.type === "tool" ? [event.update.output] : []));
    expect(outputs).toContain("hello");
  });
});
