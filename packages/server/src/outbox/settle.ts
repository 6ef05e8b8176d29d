/**
 * What an answer of the service means (S-5 to S-8, S-22 to S-25): pure, of the state, the step, the answer, the time and a random number. An answer that is
 * none is an unknown outcome, and the same is asked again.
 */
import { backoffMs } from "@holdfast/kernel";
import {
  type AppendAnswer,
  ERROR_CODES,
  type ErrorCode,
  type Omission,
  type ShareHello,
  type ShareKey,
  type ShareOperation,
  type ServiceShare,
} from "@holdfast/protocol";
import type { SendError, ShareChange } from "../store/index.ts";
import { dependents, refusedUpload } from "./blob-refusal.ts";
import { reconcile } from "./reconcile.ts";
import { DAILY_MS, paceOf } from "./revocation.ts";
import { errorOf, givenUp, refError } from "./send-error.ts";
import type { CallStep, SenderMemory, SenderState } from "./sender-state.ts";
import type { ShareAnswer } from "./share-transport.ts";

/** What a sender writes down, in this order; each is one transaction. */
export type Effect =
  | { write: "share"; change: ShareChange }
  | { write: "task"; number: number; state: "done" | "failed"; error?: SendError }
  | { write: "repeatTasks"; storeId?: string | undefined }
  | { write: "retryBatch"; nextRetryAt: number; error: SendError }
  | { write: "ackBatch"; chain: string; rejected: string[]; time: number }
  | { write: "dropBatch"; error: SendError; omit: { key: ShareKey; reason: Omission }[] }
  | { write: "blob"; hash: string; uploaded: boolean };

type Settled = { effects: Effect[]; memory: Partial<SenderMemory> };

type Answered = {
  step: CallStep;
  answer: ShareAnswer<unknown>;
  /** Of the frozen batch, for the steps that send it. */
  operations: readonly ShareOperation[];
  now: number;
  /** In [0, 1). */
  random: number;
};

/** From 1 s to 5 min, spread over half of itself (S-5); a Retry-After is honoured up to an hour. */
const RETRY = { base: 1_000, cap: 300_000, jitter: 0.5 };
const MOST_RETRY_AFTER_MS = 3_600_000;
/** How often the same blobs may be missing before what needs them is omitted. */
const MOST_UNMET = 3;
/** How often in a row a service may have been restored, or hide a share, without a wait. */
const MOST_RESTARTS = 3;

/** Codes whose cause somebody mends elsewhere: asked again as long as the share lives. */
const MENDED: ReadonlySet<ErrorCode> = new Set(["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "INTERNAL"]);

type Refusal = Extract<ShareAnswer<unknown>, { outcome: "refused" }>;

export function settle(state: SenderState, answered: Answered): Settled {
  const { answer } = answered;
  if (answer.outcome === "answered") return accept(state, answered, answer.result);
  if (answer.outcome !== "refused") return retry(state, answered);
  if (answer.code === "SHARE_GONE")
    return answer.data["state"] === "expired" && state.share.state !== "revoking"
      ? only(ended("expired"))
      : gone();
  return refuse(state, answered, answer) ?? refuseAnyhow(state, answered, answer);
}

const only = (...effects: Effect[]): Settled => ({ effects, memory: {} });
const CALM: ShareChange = { attempts: 0, nextRetryAt: null, lastError: null };

const gone = (): Settled => only({ write: "share", change: { ...CALM, state: "revoked" } });

/** The service did what was asked. */
function accept(state: SenderState, answered: Answered, result: unknown): Settled {
  const { step } = answered;
  switch (step.do) {
    case "revoke":
      return gone();
    case "createToRevoke":
      return { effects: [], memory: { recovery: "key" } };
    case "task":
      return acceptTask(step, result);
    case "checkBump":
      return {
        effects: [calm, { write: "task", number: step.number, state: "done" }],
        memory: { doubtsBump: false },
      };
    case "hello":
      return greet(state, answered, result as ShareHello);
    case "confirm":
      return { effects: [], memory: { isHidden: false, isConnected: false } };
    case "openWriter": {
      const { writerEpoch } = result as { writerEpoch: number };
      return { effects: [{ write: "share", change: { ...CALM, adopt: false } }], memory: { writerEpoch } };
    }
    case "begin":
      return {
        ...only({ write: "share", change: { ...CALM, begun: true } }),
        memory: { doubtsStream: false },
      };
    case "upload":
      return { effects: [{ write: "blob", hash: step.hash, uploaded: true }, calm], memory: { damaged: 0 } };
    case "send":
      return acknowledge(state, answered, result as AppendAnswer);
    case "commit":
      return only({ write: "share", change: { ...CALM, committed: true } });
  }
}

const calm: Effect = { write: "share", change: CALM };

function acceptTask(step: Extract<CallStep, { do: "task" }>, result: unknown): Settled {
  const done: Effect = { write: "task", number: step.number, state: "done" };
  if (step.task.kind !== "create") return only(calm, done);
  const { share } = result as { share: Pick<ServiceShare, "state"> };
  if (share.state === "expired") return only(done, ended("expired"));
  if (share.state === "revoked") return only(done, ended("revoked"));
  return only(calm, done);
}

const ended = (state: "expired" | "revoked"): Effect => ({ write: "share", change: { ...CALM, state } });

function greet(state: SenderState, answered: Answered, hello: ShareHello): Settled {
  const { share, batch } = state;
  if (hello.state === "expired" || hello.state === "revoked") return only(ended(hello.state));
  const isRenamed = share.storeId !== undefined && share.storeId !== hello.storeId;
  const isHidden = hello.state === "hidden";
  // A service that is another one each time, or hides again what was confirmed, is not asked as fast as it answers.
  const restarts = isRenamed || isHidden ? state.memory.restarts + 1 : 0;
  const rest = restarts > MOST_RESTARTS ? pause({ ...answered, attempts: restarts - MOST_RESTARTS }) : {};
  if (isRenamed) {
    const { effects, memory } = askAnew(hello.storeId);
    const wait: Effect[] = restarts > MOST_RESTARTS ? [{ write: "share", change: rest }] : [];
    return { effects: [...effects, ...wait], memory: { ...memory, restarts } };
  }
  const { capabilityEpoch, storeId } = hello;
  const agreement = reconcile(share, batch, hello);
  const change: ShareChange = { ...CALM, storeId, capabilityEpoch, ...rest };
  if (batch !== undefined) delete change.lastError;
  if (agreement === "committed") change.committed = true;
  return {
    effects: [{ write: "share", change }],
    memory: {
      isConnected: true,
      isHidden,
      restarts,
      mustResync: agreement === "resync",
      recovery: "none",
      unmet: 0,
    },
  };
}

function acknowledge(state: SenderState, answered: Answered, answer: AppendAnswer): Settled {
  const { batch, share } = state;
  if (batch === undefined) return only();
  // An answer that fits nothing of ours settles nothing.
  if (answer.cursor < batch.lastSeq || (answer.cursor === batch.lastSeq && answer.chain !== batch.chain))
    return doubt(state, answered);
  const rejected = answer.results.filter(
    (result) => result.outcome === "rejected" || result.code !== undefined,
  );
  const effects: Effect[] = [
    { write: "ackBatch", chain: batch.chain, rejected: rejected.map(({ opId }) => opId), time: answer.time },
  ];
  if (share.expiresAt !== undefined && answer.time >= share.expiresAt) effects.push(ended("expired"));
  return { effects, memory: { unmet: 0 } };
}

/** What a refusal means to this step alone; undefined: what it means to all. */
function refuse(state: SenderState, answered: Answered, answer: Refusal): Settled | undefined {
  const { step } = answered;
  switch (step.do) {
    case "revoke":
      return refuseRevoke(state, answered, answer);
    case "createToRevoke":
      if (answer.code === "CONFLICT") return { effects: [], memory: { recovery: "key" } };
      return { ...retry(state, answered), memory: { recovery: "none" } };
    case "task":
      return refuseTask(state, answered, answer, step);
    case "checkBump":
      if (answer.code !== "REF_NOT_VALID") return undefined;
      return refuseBump(state, answered, step.number);
    case "send":
      return refuseBatch(state, answered, answer);
    case "upload":
      return refuseBlob(state, answered, answer, step.hash);
    case "commit":
      return answer.code === "CHAIN_MISMATCH" || answer.code === "CURSOR_CONFLICT" ? elsewhere() : undefined;
    case "begin":
      return answer.code === "STREAM_UNKNOWN" ? refuseBegin(state, answered) : undefined;
    default:
      return undefined;
  }
}

/** A hidden share knows no stream until it is confirmed. One that is still not known was dropped before its begin was heard of here. */
function refuseBegin(state: SenderState, answered: Answered): Settled {
  const { effects, memory } = state.memory.doubtsStream ? elsewhere() : doubt(state, answered);
  return { effects, memory: { ...memory, doubtsStream: !state.memory.doubtsStream } };
}

/** What is not known is made first, so that it stays revoked when an earlier call comes late; what others bumped, the publish key takes back. */
function refuseRevoke(state: SenderState, answered: Answered, answer: Refusal): Settled {
  if (answer.code === "REF_NOT_VALID" && state.memory.recovery === "none")
    return { effects: [], memory: { recovery: "create" } };
  return { ...retry(state, answered), memory: { recovery: "none" } };
}

type TaskStep = Extract<CallStep, { do: "task" }>;

function refuseTask(
  state: SenderState,
  answered: Answered,
  answer: Refusal,
  { number, task }: TaskStep,
): Settled | undefined {
  if (answer.code === "REF_NOT_VALID") {
    // It may be dead because it has bumped the epoch: then the new one lives.
    if (task.kind === "bump") return { effects: [], memory: { doubtsBump: true } };
    return refuseTaskRef(state, answered, number, task.kind);
  }
  if (task.kind === "revokeRef" && answer.code === "NOT_FOUND")
    return only(calm, { write: "task", number, state: "done" });
  if (isPassing(answer.code)) return undefined;
  const failed: Effect = { write: "task", number, state: "failed", error: errorOf(answered, answer) };
  return task.kind === "create"
    ? { effects: [failed, ...park(answered, answer).effects], memory: {} }
    : only(failed);
}

/** The held grant is not known. Once everything was asked anew, it is not that the service forgot it: somebody else renewed the share. */
function refuseTaskRef(
  state: SenderState,
  answered: Answered,
  number: number,
  kind: "create" | "mint" | "revokeRef" | "update" | "bump",
): Settled {
  if (state.laterBumps > 0) return only({ write: "task", number, state: "done" });
  if (state.memory.recovery === "none") return askAnew();
  const error = refError(answered);
  const failed: Effect = { write: "task", number, state: "failed", error };
  return kind === "bump" ? only(failed, parked(error)) : only(failed);
}

function refuseBump(state: SenderState, answered: Answered, number: number): Settled {
  const { effects, memory } = refuseTaskRef(state, answered, number, "bump");
  return { effects, memory: { ...memory, doubtsBump: false } };
}

/** All tasks again, and then everything from the hello on: a service that forgot them knows of no writer either. */
const askAnew = (storeId?: string): Settled => ({
  effects: [{ write: "repeatTasks", ...(storeId === undefined ? {} : { storeId }) }],
  memory: { recovery: "create", isConnected: false, writerEpoch: undefined },
});

/** What a grant that is not valid, and codes that go by, mean to every step. */
function refuseAnyhow(state: SenderState, answered: Answered, answer: Refusal): Settled {
  switch (answer.code) {
    case "WRITER_FENCED":
      return only({
        write: "share",
        change: { ...CALM, state: "fenced", lastError: errorOf(answered, answer) },
      });
    case "REF_NOT_VALID":
      if (state.memory.isConnected) return doubt(state, answered);
      if (state.memory.recovery === "none") return askAnew();
      return only(parked(refError(answered)));
    case "EPOCH_STALE":
    case "STREAM_UNKNOWN":
    case "SEQ_GAP":
      return doubt(state, answered);
    case "CURSOR_CONFLICT":
    case "CHAIN_MISMATCH":
    case "OP_ID_REUSED":
      return elsewhere();
    default:
      return isPassing(answer.code) ? retry(state, answered) : park(answered, answer);
  }
}

const isPassing = (code: ErrorCode): boolean => ERROR_CODES[code].retry !== "never" || MENDED.has(code);

const elsewhere = (): Settled => ({ effects: [], memory: { mustResync: true } });

/** Asks where the service is before it goes on. The writer is opened anew: a restored service knows of none. */
function doubt(state: SenderState, answered: Answered): Settled {
  return {
    effects: retry(state, answered).effects,
    memory: { isConnected: false, writerEpoch: undefined },
  };
}

function refuseBatch(state: SenderState, answered: Answered, answer: Refusal): Settled | undefined {
  const { operations } = answered;
  const error = errorOf(answered, answer);
  const drop = (omit: Extract<Effect, { write: "dropBatch" }>["omit"]): Effect => ({
    write: "dropBatch",
    error,
    omit,
  });
  switch (answer.code) {
    case "DEPENDENCY_UNMET":
      return refuseMissing(state, answered, answer, drop);
    case "OP_INVALID": {
      const at = answer.data["index"];
      const operation = typeof at === "number" ? operations[at] : undefined;
      return operation === undefined
        ? narrower(state, answered, drop)
        : withoutIt(state, answered, operation, drop);
    }
    case "TOO_LARGE":
    case "INVALID_REQUEST":
      return narrower(state, answered, drop);
    default:
      return undefined;
  }
}

type Drop = (omit: { key: ShareKey; reason: Omission }[]) => Effect;

/** Half of it at a time, until the one is found that is refused: nothing that can be sent waits behind it (S-5). */
function narrower(state: SenderState, answered: Answered, drop: Drop): Settled {
  const { operations } = answered;
  const [first] = operations;
  if (operations.length === 1 && first !== undefined) return withoutIt(state, answered, first, drop);
  const batchLimit = Math.max(1, Math.floor(Math.min(operations.length, state.memory.batchLimit) / 2));
  return { effects: [drop([])], memory: { batchLimit } };
}

/** What only says that a row is omitted has nothing to be left out: a service that refuses that too is asked again later. */
const withoutIt = (
  state: SenderState,
  answered: Answered,
  { key, type }: ShareOperation,
  drop: Drop,
): Settled => (type === "omitted" ? retry(state, answered) : only(drop([{ key, reason: "refused" }])));

/** Blobs that the service lacks are uploaded again; what stays missing is omitted. */
function refuseMissing(state: SenderState, answered: Answered, answer: Refusal, drop: Drop): Settled {
  const { missing } = answer.data;
  const hashes = (Array.isArray(missing) ? missing : []).flatMap((name) =>
    typeof name === "string" && name.startsWith("sha256:") ? [name.slice("sha256:".length)] : [],
  );
  const needing = dependents(answered.operations, hashes, "expired");
  // It names nothing that the batch needs.
  if (needing.length === 0) return doubt(state, answered);
  const unmet = state.memory.unmet + 1;
  if (unmet > MOST_UNMET) return { effects: [drop(needing)], memory: { unmet: 0 } };
  const lacking = hashes.map((hash): Effect => ({ write: "blob", hash, uploaded: false }));
  // The second time there was nothing to upload: what was frozen is read again.
  return { effects: unmet === 1 ? lacking : [...lacking, drop([])], memory: { unmet } };
}

function refuseBlob(state: SenderState, at: Answered, answer: Refusal, hash: string): Settled | undefined {
  const damaged = state.memory.damaged + 1;
  const next = refusedUpload(answer.code, damaged);
  if (next === "again") return { ...retry(state, at), memory: { damaged } };
  if (next === undefined) return undefined;
  const omit = dependents(at.operations, [hash], "refused");
  return { effects: [{ write: "dropBatch", error: errorOf(at, answer), omit }], memory: { damaged: 0 } };
}

type Tries = Pick<Answered, "now" | "random"> & { attempts: number };

const pause = ({ attempts, now, random }: Tries): ShareChange => ({
  nextRetryAt: now + backoffMs(attempts, RETRY, random),
});

/** The same again later. */
function retry(state: SenderState, answered: Answered): Settled {
  const { answer, now, random, step } = answered;
  const { share, batch } = state;
  const attempts = step.do === "send" ? (batch?.attempts ?? 0) + 1 : share.attempts + 1;
  const since = attempts === 1 ? now : (share.lastError?.since ?? now);
  const pace = share.state === "revoking" ? paceOf(since, now) : "often";
  const asked =
    answer.outcome === "answered" || answer.outcome === "missing" ? undefined : answer.retryAfterMs;
  const wait = Math.max(
    pace === "often" ? backoffMs(attempts, RETRY, random) : DAILY_MS,
    Math.min(asked ?? 0, MOST_RETRY_AFTER_MS),
  );
  const error = { ...(pace === "over" ? givenUp(answered) : errorOf(answered, answer)), since };
  const nextRetryAt = now + wait;
  if (step.do === "send") return only({ write: "retryBatch", nextRetryAt, error });
  return only({ write: "share", change: { attempts, nextRetryAt, lastError: error } });
}

const park = (answered: Answered, answer: Refusal): Settled => only(parked(errorOf(answered, answer)));

const parked = (lastError: SendError): Effect => ({
  write: "share",
  change: { ...CALM, state: "parked", lastError },
});
