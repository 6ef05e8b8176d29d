import { afterEach, describe, expect, test } from "vitest";
import { AgentRoom } from "../../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { until } from "../../../test/agents/waiting.ts";
import type { AgentFailure, AgentHandle, PromptResult } from "../port.ts";

let room: AgentRoom | undefined;

afterEach(async () => {
  await room?.end();
  room = undefined;
});

async function faulty(faults: string, ...more: string[]): Promise<{ room: AgentRoom; handle: AgentHandle }> {
  const opened = AgentRoom.faulty(faults, ...more);
  room = opened;
  return { room: opened, handle: await opened.open("faulty") };
}

/** A user's own agent that is a shell script. */
function scripted(script: string, env: Record<string, string> = {}): AgentRoom {
  room = new AgentRoom({ own: { backend: "acp", command: ["/bin/sh", "-c", script], env } });
  return room;
}

async function failureOf(opening: Promise<unknown>): Promise<AgentFailure> {
  return await opening.then(
    () => Promise.reject(new Error("it opened")),
    (error: unknown) => error as AgentFailure,
  );
}

describe("protocol faults of a real agent process", () => {
  test("[A-12] noise on stdout is counted and kept, never answered, and harms no turn", async () => {
    const { room, handle } = await faulty("noise");
    expect(room.idle).toContainEqual(
      expect.objectContaining({
        type: "notice",
        kind: "noise",
        tail: "Welcome to your shell, you have new mail.",
      }),
    );
    const turn = new RecordedTurn();
    const result = await handle.prompt(room.say("SAY one\nSAY two"), turn);
    expect(result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(turn.text).toBe("one\ntwo\n");
    expect(turn.notes("notice", "noise").length).toBeGreaterThan(0);
  });

  test("[A-12] a line over the limit is dropped with its size, and the turn goes on", async () => {
    const { room, handle } = await faulty("bigline");
    const turn = new RecordedTurn();
    const result = await handle.prompt(room.say("SAY after"), turn);
    expect(result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(turn.text).toBe("after\n");
    const [note] = turn.notes("notice", "oversized");
    expect(note).toMatchObject({
      bytes: expect.toSatisfy((bytes: number) => bytes > 33 * 1024 * 1024) as unknown,
    });
  });

  test("[A-12] an update before the session id is known is kept and applied once it is", async () => {
    const { room, handle } = await faulty("early-update");
    expect(room.idle).toContainEqual({ type: "commands", commands: [] });
    expect(room.idle).toContainEqual(expect.objectContaining({ type: "late", kind: "agent_message_chunk" }));
    const turn = new RecordedTurn();
    await handle.prompt(room.say("SAY mine"), turn);
    expect(turn.text).toBe("mine\n");
  });

  test("[A-16] an update after the response is noted as late and feeds no turn", async () => {
    const { room, handle } = await faulty("late-update");
    const first = new RecordedTurn();
    await handle.prompt(room.say("SAY mine"), first);
    await until("the late update came", () => room.idle.some((event) => event.type === "late"));
    expect(first.text).toBe("mine\n");
    expect(room.idle).toContainEqual(expect.objectContaining({ kind: "agent_message_chunk", type: "late" }));
    const second = new RecordedTurn();
    await handle.prompt(room.say("SAY next"), second);
    expect(second.text).toBe("next\n");
  });

  test("[A-5] resume that is advertised and missing falls back to load, whose replay stays out", async () => {
    const { room, handle } = await faulty("resume-missing,null-load");
    await handle.prompt(room.say("REMEMBER seal\nSAY old words"), new RecordedTurn());
    await handle.close();
    room.idle.length = 0;
    const again = await room.open("faulty", { backendSessionId: handle.backendSessionId });
    expect(again.openedBy).toBe("load");
    expect(again.features.resume).toBe("no");
    const turn = new RecordedTurn();
    await again.prompt(room.say("RECALL"), turn);
    expect(turn.text).toBe("seal\n");
    expect(room.idle.filter((event) => event.type === "late")).toEqual([]);
  });

  test("[A-5] a session that the agent does not know any more is created anew, and says so", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal", {
      backendSessionId: "reh_00000000-0000-4000-8000-000000000000",
    });
    expect(handle.openedBy).toBe("create");
    expect(handle.backendSessionId).not.toContain("00000000-0000-4000");
  });

  test("[A-15] end_turn after a cancel is the cancelled prompt's own end", async () => {
    const { room, handle } = await faulty("end-turn-on-cancel");
    const turn = new RecordedTurn();
    const prompt = handle.prompt(room.say("SLOW 10000 5"), turn);
    await until("words come", () => turn.events.length > 2);
    await handle.cancel();
    expect(await prompt).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    const next = new RecordedTurn();
    expect(await handle.prompt(room.say("SAY next"), next)).toMatchObject({ outcome: "ended" });
    expect(next.text).toBe("next\n");
  });

  test("[A-15] an agent that ignores the cancel, SIGTERM and the end of stdin is killed", async () => {
    const { room, handle } = await faulty("ignore-cancel,ignore-term,ignore-eof");
    const turn = new RecordedTurn();
    const prompt = handle.prompt(room.say("HANG"), turn);
    await until("the turn began", () => turn.events.length > 0);
    const before = performance.now();
    await handle.cancel();
    expect(await prompt).toEqual({ outcome: "killed" } satisfies PromptResult);
    expect(performance.now() - before).toBeGreaterThan(5_000);
    await handle.close();
    expect(room.rows.closed).toHaveLength(1);
  });

  test("[A-10] an agent that ignores SIGTERM and the end of stdin is gone when close resolves", async () => {
    const { room, handle } = await faulty("ignore-term,ignore-eof");
    await handle.close(500);
    expect(room.rows.rows.size).toBe(0);
    expect(handle.alive).toBe(false);
  });

  test("[A-1] an unknown kind of update is kept as it came", async () => {
    const { room, handle } = await faulty("unknown-kind");
    const turn = new RecordedTurn();
    await handle.prompt(room.say("SAY fine"), turn);
    const [note] = turn.notes("raw", "hologram_update");
    expect(note).toMatchObject({ tail: expect.stringContaining('"layers":["cyan","amber"]') as unknown });
    expect(turn.text).toBe("fine\n");
  });

  test("[A-12] an unknown request is answered with method not found, and counted", async () => {
    const { room, handle } = await faulty("unknown-request");
    const turn = new RecordedTurn();
    expect(await handle.prompt(room.say("SAY fine"), turn)).toMatchObject({ outcome: "ended" });
    expect(turn.notes("raw", "session/teleport")).toHaveLength(1);
  });
});

/** The beginning of a scripted agent: initialize and a new session "s" that is in mode ask. */
const OPENED = `
  read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'
  read line; echo '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s","modes":{"currentModeId":"ask","availableModes":[{"id":"ask","name":"Ask"}]}}}'
  read prompt
  say() { printf '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"%s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"%s"}}}}\\n' "$1" "$2"; }
`;

describe("the order on the wire", () => {
  test("[A-16] what stands right behind the response belongs to no turn, even in the same write", async () => {
    const room = scripted(`${OPENED}
      printf '%s\\n%s\\n%s\\n' "$(say s mine)" '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}' "$(say s behind)"
      cat >/dev/null`);
    const handle = await room.open("own");
    const turn = new RecordedTurn();
    expect(await handle.prompt(room.say("go"), turn)).toMatchObject({ outcome: "ended" });
    await until("the late update came", () => room.idle.some((event) => event.type === "late"));
    expect(turn.text).toBe("mine");
    expect(turn.notes("late")).toEqual([]);
  });

  test("[A-12] an update of a session that is not ours is noted and enters no turn", async () => {
    const room = scripted(`${OPENED}
      say other theirs; say s mine; echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}'; cat >/dev/null`);
    const handle = await room.open("own");
    const turn = new RecordedTurn();
    await handle.prompt(room.say("go"), turn);
    expect(turn.text).toBe("mine");
    expect(turn.notes("notice", "stranger")).toHaveLength(1);
  });

  test("[A-15] a cancel is told first, then the open requests are answered with cancelled", async () => {
    const room = scripted(`${OPENED}
      echo '{"jsonrpc":"2.0","id":"q","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"c","title":"May I"},"options":[]}}'
      read cancel; read answer
      case "$cancel$answer" in
        *'"method":"session/cancel"'*'"id":"q"'*'"outcome":"cancelled"'*) say s right;;
        *) say s wrong;;
      esac
      echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"cancelled"}}'; cat >/dev/null`);
    const handle = await room.open("own");
    const turn = new RecordedTurn();
    turn.answer = () => new Promise(() => undefined);
    const prompt = handle.prompt(room.say("go"), turn);
    await until("it asks", () => turn.asks.length === 1);
    await handle.cancel();
    expect(await prompt).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
    expect(turn.text).toBe("right");
  });

  test("[A-12] while the recorder is not ready nothing more is taken from the agent", async () => {
    const room = scripted(`${OPENED}
      i=0; while [ $i -lt 20000 ]; do say s 0123456789; i=$((i+1)); done; echo written >&2
      echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}'; cat >/dev/null`);
    const handle = await room.open("own");
    const turn = new RecordedTurn();
    let release: () => void = () => undefined;
    turn.gate = new Promise((resolve) => (release = resolve));
    const prompt = handle.prompt(room.say("go"), turn);
    await until("the first text came", () => turn.events.length > 0);
    for (let look = 0; look < 20; look += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(turn.events).toHaveLength(1);
    turn.gate = undefined;
    release();
    expect(await prompt).toMatchObject({ outcome: "ended" });
    expect(turn.text).toHaveLength(200_000);
  });
});

describe("programs that are no agents", () => {
  test("[A-13] one that dies at once fails with its exit code and its last words, masked", async () => {
    const room = scripted("echo 'no config; token=abcdefgh1234' >&2; exit 3");
    const failure = await failureOf(room.open("own"));
    expect(failure.kind).toBe("crashed");
    expect(failure.error).toEqual({
      name: "AgentError",
      data: {
        agent: "own",
        phase: "initialize",
        message: "own exited with code 3.",
        exitCode: 3,
        stderrTail: "no config; token=[redacted]",
      },
    });
  });

  test("[A-12] one that only makes noise is ended after a thousand lines", async () => {
    const room = scripted("while :; do echo hello; done");
    const failure = await failureOf(room.open("own"));
    expect(failure.error.data).toMatchObject({ message: expect.stringContaining("1000 lines") as unknown });
    expect(room.rows.rows.size).toBe(0);
  });

  test("[A-25] one that never answers initialize fails after its time", async () => {
    room = new AgentRoom(
      { own: { backend: "acp", command: ["/bin/sh", "-c", "cat >/dev/null"] } },
      { timeouts: { initializeMs: 200 } },
    );
    const failure = await failureOf(room.open("own"));
    expect(failure.error.data).toMatchObject({
      phase: "initialize",
      message: expect.stringContaining("0.2 s") as unknown,
    });
  });

  test("[A-25] one that speaks another version of the protocol is unavailable", async () => {
    const room = scripted(
      `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":2}}'; cat >/dev/null`,
    );
    expect(await failureOf(room.open("own"))).toMatchObject({ kind: "unavailable" });
  });

  test("[A-5] a broken answer to load never counts as a session that is gone", async () => {
    const room = scripted(
      `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}}'
       read line; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"disk is full"}}'
       cat >/dev/null`,
    );
    const failure = await failureOf(room.open("own", { backendSessionId: "known" }));
    expect(failure).toMatchObject({ kind: "crashed", error: { data: { phase: "open" } } });
    expect(failure.message).toContain("disk is full");
  });

  test("[A-25] one that wants a login says so", async () => {
    const room = scripted(
      `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'
       read line; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Authentication required"}}'
       cat >/dev/null`,
    );
    const failure = await failureOf(room.open("own"));
    expect(failure).toMatchObject({ kind: "unavailable", error: { name: "ProviderAuthError" } });
    expect(failure.message).toContain("Log in with the program itself");
  });

  test("[A-20] one without modes cannot hold ask and is refused, but may act in mode all", async () => {
    const script = `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'
       read line; echo '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}'
       cat >/dev/null`;
    const room = scripted(script);
    const failure = await failureOf(room.open("own"));
    expect(failure).toMatchObject({ kind: "unavailable" });
    expect(failure.message).toContain("acts without asking");
    const handle = await room.open("own", { approvalMode: "all" });
    expect(handle.alive).toBe(true);
  });

  test("[A-12] a null answer to session/new is a failure, not a crash of ours", async () => {
    const room = scripted(
      `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'
       read line; echo '{"jsonrpc":"2.0","id":1,"result":null}'; cat >/dev/null`,
    );
    expect(await failureOf(room.open("own"))).toMatchObject({
      kind: "crashed",
      error: { data: { phase: "open" } },
    });
  });

  test("[A-10] a program that does not exist, or a directory that does not, is refused with a reason", async () => {
    room = new AgentRoom({ gone: { backend: "acp", command: ["/nowhere/agent"] } });
    expect(await failureOf(room.open("gone"))).toMatchObject({ kind: "unavailable" });
    const failure = await failureOf(room.open("rehearsal", { directory: "/nowhere/project" }));
    expect(failure).toMatchObject({ kind: "unavailable", error: { data: { phase: "spawn" } } });
    expect(failure.message).toContain("/nowhere/project");
  });

  test("[A-8] an opening that nobody wants any more ends its program", async () => {
    const room = scripted("cat >/dev/null");
    const abort = new AbortController();
    const opening = failureOf(room.open("own", { signal: abort.signal }));
    await until("it was started", () => [...room.rows.rows.values()].some((row) => row.pid !== undefined));
    abort.abort();
    expect(await opening).toMatchObject({ kind: "aborted" });
    expect(room.rows.rows.size).toBe(0);
  });
});
