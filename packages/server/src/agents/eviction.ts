/** When live agent sessions are closed to free memory. */
export type PoolLimits = {
  /** Without a prompt for this long, a handle is closed. */
  idleTtlMs: number;
  /** More live handles than this are closed as soon as they may be, least recently used first. */
  maxLive: number;
  /** A handle used within this time is not closed for the cap: its next prompt may be on the way. */
  settleMs: number;
};

export const POOL_LIMITS: PoolLimits = { idleTtlMs: 30 * 60_000, maxLive: 10, settleMs: 60_000 };

/** A live handle as the decision sees it; `idleSince` is absent while a prompt runs, which includes waiting for a human. */
export type Resident<K> = { key: K; idleSince: number | undefined };

/** The handles to close at `now`, least recently used first. A busy one is never among them. */
export function chooseEvictions<K>(residents: readonly Resident<K>[], now: number, limits: PoolLimits): K[] {
  const idle = residents
    .flatMap(({ key, idleSince }) => (idleSince === undefined ? [] : [{ key, idleMs: now - idleSince }]))
    .toSorted((one, other) => other.idleMs - one.idleMs);
  const over = residents.length - limits.maxLive;
  return idle
    .filter(({ idleMs }, rank) => idleMs >= limits.idleTtlMs || (rank < over && idleMs >= limits.settleMs))
    .map(({ key }) => key);
}
