import { EMPTY_CHAIN } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { HeldRef, ShareHead } from "../store/index.ts";
import { nextStep } from "./next-step.ts";
import { freshMemory, type SenderMemory, type SenderState } from "./sender-state.ts";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const ID = "01111111111111111111111101";
const ref = (name: string): HeldRef => ({ refId: `ref_${ID}` as HeldRef["refId"], secret: name });

type Facts = Partial<Omit<ShareHead, "share">> & { share?: Partial<ShareHead["share"]> };

/** A share that has all that it needs, and nothing to send. */
function state(facts: Facts = {}, memory: Partial<SenderMemory> = {}): SenderState {
  const { share, ...head } = facts;
  return {
    share: {
      id: `shr_${ID}`,
      sessionId: `ses_${ID}`,
      title: "t",
      service: "https://share.example",
      state: "live",
      owner: ref("owner"),
      append: ref("append"),
      link: ref("link"),
      includes: { files: false, others: false },
      claim: 1,
      adopt: false,
      capabilityEpoch: 1,
      stream: { id: `stm_${ID}`, begun: true, committed: true, cursor: 0, chain: EMPTY_CHAIN },
      resyncs: [],
      attempts: 0,
      ...share,
    },
    laterBumps: 0,
    waiting: 0,
    unsent: 0,
    ...head,
    memory: { ...freshMemory(200), isConnected: true, writerEpoch: 1, ...memory },
  } as SenderState;
}

const stream = (facts: object) => ({ ...state().share.stream, ...facts }) as ShareHead["share"]["stream"];
const batch = { id: `bat_${ID}` } as unknown as ShareHead["batch"];
const create = { kind: "create", owner: ref("o"), append: ref("a") } as const;

const cases: [string, SenderState, object][] = [
  ["nothing is new", state(), { do: "wait" }],
  ["it is over", state({ share: { state: "revoked" } }), { do: "end" }],
  ["it has expired", state({ share: { state: "expired" } }), { do: "end" }],
  ["its session is gone and it was kept", state({ share: { state: "detached" } }), { do: "end" }],
  ["it is paused, whatever waits", state({ share: { state: "paused" }, waiting: 3 }), { do: "wait" }],
  ["another writes it", state({ share: { state: "fenced" }, waiting: 3 }), { do: "wait" }],
  ["it is to be taken back", state({ share: { state: "revoking" } }), { do: "revoke", with: "owner" }],
  [
    "what is to be taken back is not known there",
    state({ share: { state: "revoking" } }, { recovery: "create" }),
    { do: "createToRevoke" },
  ],
  [
    "its refs are dead there",
    state({ share: { state: "revoking" } }, { recovery: "key" }),
    { do: "revoke", with: "key" },
  ],
  [
    "the service does not know it yet",
    state(
      { share: { state: "creating" }, task: { number: 1, state: "pending", task: create } },
      { isConnected: false },
    ),
    { do: "task", number: 1, task: create },
  ],
  ["it began just now", state({}, { isConnected: false }), { do: "hello" }],
  ["the service was restored", state({}, { isHidden: true }), { do: "confirm" }],
  ["it does not write yet", state({}, { writerEpoch: undefined }), { do: "openWriter" }],
  ["it has no stream", state({ share: { stream: undefined } }), { do: "newStream", isResync: false }],
  ["its stream is not begun", state({ share: { stream: stream({ begun: false }) } }), { do: "begin" }],
  ["a batch is frozen", state({ batch, waiting: 9 }), { do: "send" }],
  ["a blob has to be there first", state({ batch, blob: { hash: "h" } }), { do: "upload", hash: "h" }],
  ["keys are still marked by pages", state({ share: { paging: "7" }, waiting: 9 }), { do: "page" }],
  [
    "what the first readers see is whole, although more waits",
    state({ share: { stream: stream({ committed: false }) }, waiting: 2, unsent: 0 }),
    { do: "commit" },
  ],
  [
    "it is not whole yet",
    state({ share: { stream: stream({ committed: false }) }, waiting: 2, unsent: 1 }),
    { do: "freeze" },
  ],
  ["something is new", state({ waiting: 1 }), { do: "freeze" }],
  [
    "it was frozen just now",
    state({ waiting: 1 }, { lastFreeze: NOW - 50 }),
    { do: "wait", until: NOW + 200 },
  ],
  [
    "it was frozen just now, and a whole batch waits",
    state({ waiting: 200 }, { lastFreeze: NOW - 50 }),
    { do: "freeze" },
  ],
  ["the clock was set back since", state({ waiting: 1 }, { lastFreeze: NOW + HOUR }), { do: "freeze" }],
  [
    "its next try has its time",
    state({ batch, share: { nextRetryAt: NOW + 9 } }),
    { do: "wait", until: NOW + 9 },
  ],
  [
    "its next try is later than any",
    state({ batch, share: { nextRetryAt: NOW + HOUR + 1 } }),
    { do: "send" },
  ],
  [
    "a revocation may wait a day",
    state({ share: { state: "revoking", nextRetryAt: NOW + 20 * HOUR } }),
    { do: "wait", until: NOW + 20 * HOUR },
  ],
];

const failing = (ago: number) =>
  state({
    share: {
      state: "revoking",
      attempts: 700,
      lastError: { code: "c", message: "m", time: 1, since: NOW - ago },
    },
  });

cases.push(
  [
    "a revocation was tried for less than a year",
    failing(365 * 24 * HOUR - 1),
    { do: "revoke", with: "owner" },
  ],
  ["it was tried for a year", failing(365 * 24 * HOUR), { do: "wait", until: NOW + 24 * HOUR }],
);

test.each(cases)("[S-5, S-6, S-21, S-33] when %s", (_when, of, step) => {
  expect(nextStep(of, NOW)).toEqual(step);
});

test("[S-33] the first resync begins at once, each later one later, and after five in a day a person has to look", () => {
  const minute = 60_000;
  const after = (...resyncs: number[]) => nextStep(state({ share: { resyncs } }, { mustResync: true }), NOW);
  expect(after()).toEqual({ do: "newStream", isResync: true });
  expect(after(NOW - 30_000)).toEqual({ do: "wait", until: NOW + 30_000 });
  expect(after(NOW - minute)).toEqual({ do: "newStream", isResync: true });
  expect(after(NOW - 9 * minute, NOW - minute)).toEqual({ do: "wait", until: NOW + minute });
  const day = [5, 4, 3, 2, 1].map((hours) => NOW - hours * HOUR);
  expect(after(...day)).toMatchObject({ do: "park", code: "RESYNC_LIMIT" });
  expect(after(...day.map((time) => time - 24 * HOUR))).toEqual({ do: "newStream", isResync: true });
});
