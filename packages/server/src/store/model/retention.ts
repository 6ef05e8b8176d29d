const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Numbers of D-5, D-14, D-26, D-28, S-24, W-11 and W-12, in ms. */
export const RETENTION = {
  /** Deltas are kept at least this long after their turn's end. */
  deltasAfterTurn: 60 * SECOND,
  idempotency: 30 * DAY,
  tombstone: 30 * DAY,
  /** As long as a rescue ref is kept. */
  operation: 30 * DAY,
  worktreeAudit: 90 * DAY,
  refAudit: 365 * DAY,
  unusedBlob: HOUR,
  instance: 7 * DAY,
  /** A share that has ended: a restored service has to be told of its revocation (S-24). */
  endedShare: 365 * DAY,
} as const;
