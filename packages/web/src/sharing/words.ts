/** What the page says of shares and refs, in one place. */
import type { AuditEntry, Grant, Right, Share, ShareState } from "@holdfast/protocol";
import { span, type Tone } from "../design/index.ts";

/** How a share stands, for its owner. */
export const SHARE_WORDS: Record<ShareState, { label: string; tone: Tone; meaning: string }> = {
  creating: { label: "being made", tone: "busy", meaning: "The service was not told yet." },
  live: {
    label: "live",
    tone: "good",
    meaning: "What happens in the session goes to the service by itself.",
  },
  paused: { label: "paused", tone: "attention", meaning: "Readers see what was sent before it was paused." },
  fenced: {
    label: "taken over",
    tone: "attention",
    meaning: "Another Holdfast publishes it now, such as one that was started from a copy of these data.",
  },
  parked: { label: "stuck", tone: "danger", meaning: "It does not go on by itself." },
  revoking: {
    label: "not confirmed",
    tone: "attention",
    meaning: "It is to be taken back; the service has not confirmed that yet, and may still show it.",
  },
  revoked: { label: "taken back", tone: "neutral", meaning: "Nobody can read it any more." },
  expired: { label: "expired", tone: "neutral", meaning: "Its time is over: nobody can read it any more." },
  detached: {
    label: "kept",
    tone: "neutral",
    meaning: "Its session was deleted here; what was sent stays readable.",
  },
};

/** States in which something of it can still be read, or may be. */
export const isOpen = ({ state }: Pick<Share, "state">): boolean =>
  state !== "revoked" && state !== "expired";

/** How far readers are behind, in words. */
export function lagOf({ state, waiting, waitingSince }: Share, now: number): string {
  if (state === "revoked" || state === "expired" || state === "detached" || state === "revoking") return "";
  if (waiting === 0) return state === "live" || state === "creating" ? "Readers see all of it." : "";
  const rows = waiting === 1 ? "1 row waits" : `${waiting.toLocaleString()} rows wait`;
  const since = waitingSince === undefined ? "" : `, the oldest for ${span(Math.max(0, now - waitingSince))}`;
  return `${rows} to be sent${since}.`;
}

/** What each right allows, in the words of who gives it (S-14). */
export const RIGHT_WORDS: Record<Right, { label: string; meaning: string }> = {
  read: { label: "Look on", meaning: "Messages, changes and what happens, as it happens." },
  comment: { label: "Comment", meaning: "Notes on messages and changes. No agent hears of them." },
  prompt: {
    label: "Say what is to be done",
    meaning:
      "Whoever has this link runs agents on your machine, in your name: they can do anything you can, also in your other sessions.",
  },
  approve: {
    label: "Answer what agents ask",
    meaning: "Allow once, or reject; never for always.",
  },
  append: { label: "Publish", meaning: "The publisher's own." },
  share: { label: "Pass it on", meaning: "Make links of their own that allow no more than this one." },
  admin: { label: "Rule over it", meaning: "Take links back, and end what was given." },
};

/** Rights that a link to a live session may have, in the order of what they can do. */
export const GIVEN_RIGHTS = [
  "read",
  "comment",
  "approve",
  "prompt",
  "share",
] as const satisfies readonly Right[];

/** Rights that a further link to a copy may have. */
export const COPY_RIGHTS = ["read", "comment", "share"] as const satisfies readonly Right[];

/** Why a ref no longer works, for its owner alone (S-15). */
export const ENDED_WORDS: Record<NonNullable<Grant["ended"]>, string> = {
  revoked: "taken back",
  parentRevoked: "ended with the link that it was made from",
  expired: "expired",
  exhausted: "used as often as it may be",
  epoch: "ended with all links of its time",
  targetGone: "what it led to is gone",
};

/** What was done through a link, in the words of whose link it is (S-16). An action that is not here is shown by its name. */
const ACTION_WORDS: Readonly<Record<string, string>> = {
  redeemShare: "opened the link",
  read: "read it",
  live: "watched live",
  refused: "was refused",
  comment: "commented",
  "comment.add": "commented",
  attenuate: "made a link from it",
  "ref.attenuate": "made a link from it",
  revokeCapability: "took a link back",
  "ref.revoke": "took a link back",
  "ref.renew": "renewed all links",
  revokeShare: "took the copy back",
  "input.admit": "said what is to be done",
  "input.remove": "took back what was asked",
  "turn.cancel": "stopped a turn",
  "permission.reply": "answered what an agent asked",
  "session.change": "changed the session",
};
export const actionWords = (action: string): string => ACTION_WORDS[action] ?? action;

/** Acts by which a publisher keeps a copy and looks after it: nobody looked at the session then. */
const KEEPING: ReadonlySet<string> = new Set([
  "createShare",
  "confirmShare",
  "hello",
  "listRefs",
  "readAudit",
  "updateShare",
  "openWriter",
  "beginStream",
  "commitStream",
  "appendOps",
  "syncShare",
  "putBlob",
  "bumpEpoch",
]);
/** What of a share's audit is about others. */
export const byOthers = (entries: readonly AuditEntry[]): AuditEntry[] =>
  entries.filter(({ action }) => !KEEPING.has(action));

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something may be used, in ms; undefined: without an end. */
export type Lasting = { label: string; ms: number | undefined };

export const SHARE_LASTING: readonly Lasting[] = [
  { label: "1 day", ms: DAY },
  { label: "7 days", ms: 7 * DAY },
  { label: "30 days", ms: 30 * DAY },
  { label: "a year", ms: 365 * DAY },
  { label: "no end", ms: undefined },
];

export const REF_LASTING: readonly Lasting[] = [
  { label: "1 hour", ms: HOUR },
  { label: "24 hours", ms: DAY },
  { label: "7 days", ms: 7 * DAY },
  { label: "30 days", ms: 30 * DAY },
];

/** How long a further link to a copy may be used: never longer than the copy itself. */
export const COPY_REF_LASTING: readonly Lasting[] = [
  ...REF_LASTING,
  { label: "as long as the copy", ms: undefined },
];

/** What is chosen at first (S-17; S-28: one that may prompt ends after a day). */
export const DEFAULT_SHARE_MS = 30 * DAY;
export const defaultRefMs = (rights: readonly Right[]): number => (rights.includes("prompt") ? DAY : 7 * DAY);

/** Whether a link leads only to the machine that it was made on. */
export function isLocalOnly(link: string): boolean {
  try {
    const { hostname } = new URL(link);
    return (
      hostname === "localhost" ||
      hostname.endsWith(".localhost") ||
      hostname === "[::1]" ||
      /^127(?:\.\d+){3}$/.test(hostname)
    );
  } catch {
    return false;
  }
}
