/** When live agent sessions are closed, and when there is room for one more. Pure. */
export type PoolLimits = {
  /** Unused for this long, a handle is closed. */
  idleTtlMs: number;
  /** Most live handles; those that wait for a human do not count. */
  maxLive: number;
  /** Most memory of all process trees together, in bytes. */
  maxBytes: number;
};

export const POOL_LIMITS: PoolLimits = {
  idleTtlMs: 30 * 60_000,
  maxLive: 10,
  maxBytes: Number.POSITIVE_INFINITY,
};

/** One that is live, being opened or promised, as the decision sees it. `idleSince` is absent while it is used. */
export type Resident<K> = {
  key: K;
  idleSince: number | undefined;
  /** It waits for a human: never closed, and counted for memory only. */
  isWaiting: boolean;
  /** Background tasks of its own run in it: never closed. */
  isArmed?: boolean;
  /** What its processes took when they were last measured. */
  bytes: number;
};

/** The handles to close at `now`, least recently used first. A used one is never among them. */
export function chooseEvictions<K>(residents: readonly Resident<K>[], now: number, limits: PoolLimits): K[] {
  const expired = idleOf(residents).filter(({ idleSince }) => now - idleSince >= limits.idleTtlMs);
  const rest = residents.filter(({ key }) => !expired.some((each) => each.key === key));
  const { evicted } = shrink(rest, limits, 0);
  return [...expired, ...evicted].map(({ key }) => key);
}

/** What must go so that there is room for one more; `undefined` when no room can be made. The first one always has room. */
export function roomFor<K>(residents: readonly Resident<K>[], limits: PoolLimits): K[] | undefined {
  const { evicted, left } = shrink(residents, limits, 1);
  const isRoom = left.length === 0 || (countOf(left) < limits.maxLive && bytesOf(left) <= limits.maxBytes);
  return isRoom ? evicted.map(({ key }) => key) : undefined;
}

type Idle<K> = Resident<K> & { idleSince: number };

/** Least recently used first. */
function idleOf<K>(residents: readonly Resident<K>[]): Idle<K>[] {
  return residents
    .flatMap((each) =>
      each.idleSince === undefined || each.isWaiting || each.isArmed === true
        ? []
        : [{ ...each, idleSince: each.idleSince }],
    )
    .toSorted((one, other) => one.idleSince - other.idleSince);
}

/** Closes idle ones until `wanted` more fit, or none is left. */
function shrink<K>(residents: readonly Resident<K>[], limits: PoolLimits, wanted: number) {
  const evicted: Idle<K>[] = [];
  let left = [...residents];
  for (const idle of idleOf(residents)) {
    const fits = countOf(left) + wanted <= limits.maxLive && bytesOf(left) <= limits.maxBytes;
    if (fits) break;
    evicted.push(idle);
    left = left.filter(({ key }) => key !== idle.key);
  }
  return { evicted, left };
}

const countOf = (residents: readonly Resident<unknown>[]): number =>
  residents.filter(({ isWaiting }) => !isWaiting).length;

const bytesOf = (residents: readonly Resident<unknown>[]): number =>
  residents.reduce((sum, { bytes }) => sum + bytes, 0);
