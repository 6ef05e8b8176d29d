import { EMPTY_CHAIN, type ErrorCode, type ShareOperation } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { ShareHead, ShareTask } from "../store/index.ts";
import { reconcile } from "./reconcile.ts";
import { type CallStep, freshMemory, type SenderMemory, type SenderState } from "./sender-state.ts";
import { settle } from "./settle.ts";
import type { ShareAnswer } from "./share-transport.ts";

const NOW = 1_800_000_000_000;
const ID = "01111111111111111111111101";
const STREAM = { id: `stm_${ID}`, begun: true, committed: true, cursor: 4, chain: "4".repeat(64) } as const;
const BATCH = {
  id: `bat_${ID}`,
  stream: STREAM.id,
  state: "in_flight",
  firstSeq: 5,
  lastSeq: 6,
  previousChain: STREAM.chain,
  chain: "6".repeat(64),
  attempts: 0,
  time: { frozen: 1 },
} as const;
const OPERATIONS = [
  { opId: "sop_1", key: "message:m", dependsOn: ["sha256:blob"] },
  { opId: "sop_2", key: "part:p", dependsOn: [] },
] as unknown as ShareOperation[];

function state(share: object = {}, memory: Partial<SenderMemory> = {}, head: object = {}): SenderState {
  return {
    share: {
      id: `shr_${ID}`,
      state: "live",
      stream: STREAM,
      capabilityEpoch: 1,
      attempts: 0,
      resyncs: [],
      ...share,
    },
    batch: BATCH,
    laterBumps: 0,
    waiting: 0,
    unsent: 0,
    ...head,
    memory: { ...freshMemory(200), isConnected: true, writerEpoch: 1, ...memory },
  } as unknown as SenderState;
}

const refused = (code: ErrorCode, data: Record<string, unknown> = {}): ShareAnswer<unknown> => ({
  outcome: "refused",
  code,
  data,
});
const after = (of: SenderState, step: CallStep, answer: ShareAnswer<unknown>) =>
  settle(of, { step, answer, operations: OPERATIONS, now: NOW, random: 0 });
const told = (result: unknown): ShareAnswer<unknown> => ({ outcome: "answered", result });
const SEND = { do: "send" } as const;
const ACK = { cursor: 6, chain: BATCH.chain, applied: 2, duplicates: 0, rejected: 0, results: [], time: NOW };

describe("[S-5] a batch", () => {
  test("is acknowledged with what the service refused of it", () => {
    const results = [
      { opId: "sop_1", seq: 5, outcome: "rejected", code: "OP_INVALID" },
      { opId: "sop_2", seq: 6, outcome: "applied" },
    ];
    expect(after(state(), SEND, told({ ...ACK, results })).effects).toEqual([
      { write: "ackBatch", chain: BATCH.chain, rejected: ["sop_1"], time: NOW },
    ]);
  });

  test("that was applied before, and refused in part then, is acknowledged alike", () => {
    const results = [{ opId: "sop_2", seq: 6, outcome: "duplicate", code: "DEPENDENCY_UNMET" }];
    expect(after(state(), SEND, told({ ...ACK, results })).effects).toMatchObject([{ rejected: ["sop_2"] }]);
  });

  test("[S-6] is sent again unchanged when nobody knows what became of it, later each time, and as long as the service asks", () => {
    const wait = (attempts: number, answer: ShareAnswer<unknown>) => {
      const [effect] = after(state({}, {}, { batch: { ...BATCH, attempts } }), SEND, answer).effects;
      return effect?.write === "retryBatch" ? effect.nextRetryAt - NOW : effect;
    };
    const unknown = { outcome: "unknown", reason: "gone" } as const;
    expect([0, 1, 2, 20].map((attempts) => wait(attempts, unknown))).toEqual([500, 1_000, 2_000, 150_000]);
    expect(wait(0, { ...unknown, retryAfterMs: 90_000 })).toBe(90_000);
    expect(wait(0, { ...unknown, retryAfterMs: 9e9 })).toBe(3_600_000);
    expect(wait(0, { outcome: "missing", reason: "404" })).toBe(500);
    expect(wait(0, refused("STORAGE_UNAVAILABLE"))).toBe(500);
    expect(wait(0, refused("UNAUTHENTICATED"))).toBe(500);
  });

  test("[S-6] is not acknowledged by an answer that fits nothing that was sent", () => {
    const { effects, memory } = after(state(), SEND, told({ ...ACK, chain: EMPTY_CHAIN }));
    expect(effects).toMatchObject([{ write: "retryBatch", error: { code: "STRANGE_ANSWER" } }]);
    expect(memory).toMatchObject({ isConnected: false });
  });

  test.each(["CURSOR_CONFLICT", "CHAIN_MISMATCH", "OP_ID_REUSED"] as const)(
    "[S-6, S-22] leads to a new stream on %s",
    (code) => {
      expect(after(state(), SEND, refused(code))).toEqual({ effects: [], memory: { mustResync: true } });
    },
  );

  test.each(["SEQ_GAP", "STREAM_UNKNOWN", "EPOCH_STALE"] as const)(
    "[S-22] asks where it is on %s",
    (code) => {
      expect(after(state(), SEND, refused(code)).memory).toEqual({
        isConnected: false,
        writerEpoch: undefined,
      });
    },
  );

  test("[S-8, S-23] is parked for good once another writes the share", () => {
    expect(after(state(), SEND, refused("WRITER_FENCED")).effects).toMatchObject([
      { write: "share", change: { state: "fenced", lastError: { code: "WRITER_FENCED" } } },
    ]);
  });

  test("[S-7] is frozen anew without the operation that is refused", () => {
    expect(after(state(), SEND, refused("OP_INVALID", { index: 1 })).effects).toMatchObject([
      { write: "dropBatch", omit: [{ key: "part:p", reason: "refused" }] },
    ]);
  });

  test("[S-5] that is too large is halved until the one operation is found that is", () => {
    expect(after(state(), SEND, refused("TOO_LARGE"))).toMatchObject({
      effects: [{ write: "dropBatch", omit: [] }],
      memory: { batchLimit: 1 },
    });
    const one = {
      step: SEND,
      answer: refused("TOO_LARGE"),
      operations: OPERATIONS.slice(0, 1),
      now: NOW,
      random: 0,
    };
    expect(settle(state(), one).effects).toMatchObject([
      { write: "dropBatch", omit: [{ key: "message:m", reason: "refused" }] },
    ]);
  });

  test("[S-7, S-30] whose blob is missing uploads it, reads it again, and in the end omits what needs it", () => {
    const lacking = refused("DEPENDENCY_UNMET", { missing: ["sha256:blob"] });
    const blob = { write: "blob", hash: "blob", uploaded: false };
    expect(after(state(), SEND, lacking)).toEqual({ effects: [blob], memory: { unmet: 1 } });
    expect(after(state({}, { unmet: 1 }), SEND, lacking).effects).toMatchObject([blob, { omit: [] }]);
    expect(after(state({}, { unmet: 3 }), SEND, lacking).effects).toMatchObject([
      { write: "dropBatch", omit: [{ key: "message:m", reason: "expired" }] },
    ]);
  });

  test("[S-5] that only says what is omitted, or whose refusal names nothing of it, is not refused as fast as the service answers", () => {
    const omitted = [{ ...OPERATIONS[0], type: "omitted" }] as unknown as ShareOperation[];
    for (const answer of [
      refused("OP_INVALID", { index: 0 }),
      refused("TOO_LARGE"),
      refused("INVALID_REQUEST"),
      refused("DEPENDENCY_UNMET", { missing: ["sha256:nobody"] }),
    ])
      expect(
        settle(state(), { step: SEND, answer, operations: omitted, now: NOW, random: 0 }).effects,
      ).toMatchObject([{ write: "retryBatch", nextRetryAt: NOW + 500 }]);
  });

  test("[S-30] whose blob arrives damaged uploads it again, and omits what needs it where it never arrives whole", () => {
    const step = { do: "upload", hash: "blob" } as const;
    const damaged = refused("INVALID_REQUEST");
    expect(after(state({ attempts: 7 }, { damaged: 2 }), step, damaged)).toMatchObject({
      effects: [{ write: "share", change: { attempts: 8 } }],
      memory: { damaged: 3 },
    });
    const omit = [{ key: "message:m", reason: "refused" }];
    for (const [memory, answer] of [
      [{ damaged: 3 }, damaged],
      [{}, refused("QUOTA_EXCEEDED")],
    ] as const)
      expect(after(state({}, memory), step, answer)).toMatchObject({
        effects: [{ write: "dropBatch", omit }],
        memory: { damaged: 0 },
      });
    expect(after(state({}, { damaged: 2 }), step, told(null)).memory).toEqual({ damaged: 0 });
  });

  test("[S-32] ends the share when the service's clock says so", () => {
    const { effects } = after(state({ expiresAt: NOW }), SEND, told(ACK));
    expect(effects.at(-1)).toMatchObject({ change: { state: "expired" } });
  });

  test("[S-5] that is refused for good in another way parks the share, with the reason", () => {
    expect(after(state(), SEND, refused("QUOTA_EXCEEDED")).effects).toMatchObject([
      { change: { state: "parked", lastError: { code: "QUOTA_EXCEEDED" } } },
    ]);
  });
});

describe("[S-2] taking a share back", () => {
  const revoking = (memory: Partial<SenderMemory> = {}, attempts = 0) =>
    state({ state: "revoking", attempts }, memory);
  const step = { do: "revoke", with: "owner" } as const;

  test("is over when the service did it, or has it no more", () => {
    for (const answer of [told({}), refused("SHARE_GONE"), refused("SHARE_GONE", { state: "expired" })])
      expect(after(revoking(), step, answer).effects).toMatchObject([{ change: { state: "revoked" } }]);
  });

  test("makes what is not known there first, so that a late create finds it revoked, then asks with the key", () => {
    expect(after(revoking(), step, refused("REF_NOT_VALID")).memory).toEqual({ recovery: "create" });
    const made = { do: "createToRevoke" } as const;
    expect(after(revoking({ recovery: "create" }), made, told({})).memory).toEqual({ recovery: "key" });
    expect(after(revoking({ recovery: "create" }), made, refused("CONFLICT")).memory).toEqual({
      recovery: "key",
    });
  });

  test("is tried as often as anything else for a day of the clock, then daily, and after a year no more", () => {
    const since = (ago: number, attempts = 5) =>
      state({
        state: "revoking",
        attempts,
        lastError: { code: "c", message: "m", time: 1, since: NOW - ago },
      });
    const next = (of: SenderState) => {
      const [effect] = after(of, step, { outcome: "unknown", reason: "x" }).effects;
      if (effect?.write !== "share") return undefined;
      const { nextRetryAt, lastError } = effect.change;
      return [(nextRetryAt ?? 0) - NOW, NOW - (lastError?.since ?? 0), lastError?.code];
    };
    const day = 86_400_000;
    // However often it was tried: it is the clock that counts, from the first try that failed.
    expect(next(revoking())).toEqual([500, 0, "NO_ANSWER"]);
    expect(next(since(3 * day, 0))).toEqual([500, 0, "NO_ANSWER"]);
    expect(next(since(day - 1, 5_000))).toEqual([150_000, day - 1, "NO_ANSWER"]);
    expect(next(since(day))).toEqual([day, day, "NO_ANSWER"]);
    expect(next(since(365 * day))).toEqual([day, 365 * day, "REVOKE_GIVEN_UP"]);
    expect(next(since(-day))).toEqual([16_000, -day, "NO_ANSWER"]);
  });
});

describe("[S-24, S-25] the service and its refs", () => {
  const hello = { storeId: "s", state: "live", capabilityEpoch: 1, writerEpoch: 1, time: NOW };
  const live = { stream: STREAM.id, cursor: 4, chain: STREAM.chain };
  const step = { do: "hello" } as const;

  test("a new store is told of everything again before anything is sent", () => {
    expect(after(state({ storeId: "other" }), step, told({ ...hello, live }))).toMatchObject({
      effects: [{ write: "repeatTasks", storeId: "s" }],
    });
  });

  test("a service that has another name each time, or hides again what was confirmed, is asked later each time", () => {
    const waitOf = (share: object, answer: object, restarts: number) => {
      const { effects, memory } = after(state(share, { restarts }), step, told({ ...hello, ...answer }));
      const waits = effects.flatMap((effect) => (effect.write === "share" ? effect.change : []));
      return [waits.at(-1)?.nextRetryAt, memory.restarts];
    };
    for (const [share, answer] of [
      [{ storeId: "other" }, { live }],
      [{ storeId: "s" }, { live, state: "hidden" }],
    ] as const) {
      expect(waitOf(share, answer, 0)[0] ?? null).toBe(null);
      expect(waitOf(share, answer, 3)).toEqual([NOW + 500, 4]);
      expect(waitOf(share, answer, 6)).toEqual([NOW + 4_000, 7]);
    }
    expect(waitOf({ storeId: "s" }, { live }, 7)).toEqual([null, 0]);
  });

  test("[S-6, S-24] a stream that is not known is asked for once more behind a hello, and then replaced by another one", () => {
    const begin = { do: "begin" } as const;
    const first = after(state(), begin, refused("STREAM_UNKNOWN"));
    expect(first.memory).toEqual({ isConnected: false, writerEpoch: undefined, doubtsStream: true });
    expect(after(state({}, first.memory), begin, refused("STREAM_UNKNOWN"))).toEqual({
      effects: [],
      memory: { mustResync: true, doubtsStream: false },
    });
    expect(after(state({}, first.memory), begin, told({})).memory).toEqual({ doubtsStream: false });
  });

  test("a service that does not know the grant is told again once; then somebody else renewed it", () => {
    const lost = { isConnected: false };
    expect(after(state({}, lost), step, refused("REF_NOT_VALID"))).toEqual({
      effects: [{ write: "repeatTasks" }],
      memory: { recovery: "create", isConnected: false, writerEpoch: undefined },
    });
    expect(
      after(state({}, { ...lost, recovery: "create" }), step, refused("REF_NOT_VALID")).effects,
    ).toMatchObject([{ change: { state: "parked", lastError: { code: "REF_NOT_VALID" } } }]);
  });

  test("a bump whose answer was lost is looked for under the new grant before it counts as failed", () => {
    const bump = { kind: "bump", from: 1, owner: {}, append: {} } as ShareTask;
    const task = { do: "task", number: 3, task: bump } as CallStep;
    expect(after(state(), task, refused("REF_NOT_VALID")).memory).toEqual({ doubtsBump: true });
    const check = { do: "checkBump", number: 3, owner: {} } as CallStep;
    expect(after(state({}, { doubtsBump: true }), check, told({}))).toMatchObject({
      effects: [{ write: "share" }, { write: "task", number: 3, state: "done" }],
      memory: { doubtsBump: false },
    });
  });

  test("[S-32] a share that has ended there ends here, and is not taken back", () => {
    expect(after(state(), step, refused("SHARE_GONE", { state: "expired" })).effects).toMatchObject([
      { change: { state: "expired" } },
    ]);
    expect(after(state(), step, told({ ...hello, state: "revoked" })).effects).toMatchObject([
      { change: { state: "revoked" } },
    ]);
  });

  const batch = BATCH as unknown as ShareHead["batch"];
  const staged = { ...STREAM, committed: false };
  test.each([
    ["where it was acknowledged", STREAM, { live }, "goOn"],
    ["where the frozen batch ends", STREAM, { live: { ...live, cursor: 6, chain: BATCH.chain } }, "goOn"],
    ["at the same seq with other operations", STREAM, { live: { ...live, chain: EMPTY_CHAIN } }, "resync"],
    ["behind", STREAM, { live: { ...live, cursor: 3 } }, "resync"],
    ["at another stream", STREAM, { live: { ...live, stream: `stm_${ID.slice(0, -1)}2` } }, "resync"],
    ["without any stream", STREAM, {}, "resync"],
    ["with the stream not yet shown", staged, { staged: live }, "goOn"],
    ["with the stream shown already", staged, { live }, "committed"],
    ["without the stream that was begun", staged, {}, "resync"],
    ["not yet told of the stream", { ...staged, begun: false }, {}, "goOn"],
  ] as const)("[S-6] hello finds the service %s", (_where, stream, places, agreement) => {
    expect(reconcile({ stream: stream as never }, batch, places as never)).toBe(agreement);
  });
});
