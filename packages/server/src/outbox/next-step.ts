/**
 * What a sender does next: pure, of what is stored, what the process knows, and the time (S-5, S-6).
 *
 *   tasks ─► hello ─► writer ─► stream ─► begin ─► page ─► freeze ─► upload, send ─► ... ─► commit ─► freeze, send ...
 *              ▲        in this order, each only once the ones before it are settled              │
 *              └───────────────────────────── a doubt ────────────────────────────────────────────┘
 */
import { backoffMs } from "@holdfast/kernel";
import type { ShareState } from "@holdfast/protocol";
import type { StoredShare } from "../store/index.ts";
import { DAILY_MS, paceOf } from "./revocation.ts";
import type { SenderState, Step } from "./sender-state.ts";

/** Least ms between two freezes of a share, but for full batches: what streams is told at most so often, and a long history as fast as it can be (S-21). */
const FREEZE_MS = 250;
/** A wait that is longer was not asked for: a clock was set back (S-21). What is being revoked may wait a day (S-2). */
const LONGEST_WAIT_MS = 3_600_000;
const LONGEST_REVOKE_WAIT_MS = 90_000_000;
/** Resyncs without a commit in a day before a person has to look (S-33), and the wait before each but the first. */
const MOST_RESYNCS = 5;
const RESYNC_WAIT = { base: 60_000, cap: 3_600_000, jitter: 0 };

const ENDED: ReadonlySet<ShareState> = new Set(["revoked", "expired", "detached"]);

export function nextStep(state: SenderState, now: number): Step {
  const { share, task, memory } = state;
  if (ENDED.has(share.state)) return { do: "end" };
  const until = waitsUntil(share, now);
  if (until !== undefined) return { do: "wait", until };
  // Looked at daily all the same: the clock may have been wrong.
  if (share.state === "revoking" && paceOf(sinceOf(share), now) === "over")
    return { do: "wait", until: now + DAILY_MS };
  if (share.state === "revoking")
    return memory.recovery === "create"
      ? { do: "createToRevoke" }
      : { do: "revoke", with: memory.recovery === "key" ? "key" : "owner" };
  if (task !== undefined) {
    if (memory.doubtsBump && task.task.kind === "bump")
      return { do: "checkBump", number: task.number, owner: task.task.owner };
    return { do: "task", number: task.number, task: task.task };
  }
  // Created without a task that says so: it was told of, and the sender died before it wrote that down.
  if (share.state !== "live") return { do: "wait" };
  return liveStep(state, now);
}

/** When the first of the tries failed that have failed until now. */
const sinceOf = ({ attempts, lastError }: StoredShare): number | undefined =>
  attempts === 0 ? undefined : lastError?.since;

function waitsUntil({ nextRetryAt, state }: StoredShare, now: number): number | undefined {
  if (nextRetryAt === undefined || nextRetryAt <= now) return undefined;
  const longest = state === "revoking" ? LONGEST_REVOKE_WAIT_MS : LONGEST_WAIT_MS;
  return nextRetryAt - now > longest ? undefined : nextRetryAt;
}

function liveStep(state: SenderState, now: number): Step {
  const { share, memory } = state;
  if (!memory.isConnected) return { do: "hello" };
  if (memory.isHidden) return { do: "confirm" };
  if (memory.writerEpoch === undefined || share.adopt) return { do: "openWriter" };
  if (share.stream === undefined) return { do: "newStream", isResync: false };
  if (memory.mustResync) return resyncStep(share, now);
  if (!share.stream.begun) return { do: "begin" };
  if (state.batch !== undefined)
    return state.blob === undefined ? { do: "send" } : { do: "upload", hash: state.blob.hash };
  if (share.paging !== undefined) return { do: "page" };
  if (!share.stream.committed && state.unsent === 0) return { do: "commit" };
  if (state.waiting === 0) return { do: "wait" };
  if (state.waiting >= memory.batchLimit) return { do: "freeze" };
  const next = memory.lastFreeze + FREEZE_MS;
  return now < next && now >= memory.lastFreeze ? { do: "wait", until: next } : { do: "freeze" };
}

function resyncStep({ resyncs }: StoredShare, now: number): Step {
  const recent = resyncs.filter((time) => time <= now && now - time < 86_400_000);
  if (recent.length >= MOST_RESYNCS)
    return {
      do: "park",
      code: "RESYNC_LIMIT",
      message: `The share was sent anew ${recent.length} times in a day, and never came to its end. Resume it to try again.`,
    };
  const last = recent.at(-1);
  const at = last === undefined ? now : last + backoffMs(recent.length, RESYNC_WAIT, 0);
  return now < at ? { do: "wait", until: at } : { do: "newStream", isResync: true };
}
