/**
 * A browser opens six connections to a server, over all its windows. Two may be streams of single sessions: with the stream of the lists and that of
 * all transcripts, which windows share, two are left for everything that is asked and done.
 */
const SLOTS = 2;
/** A stream that is made anew gives its place back a moment after it asks for one again: so often it looks, so many ms apart. */
const LOOKS = 3;
const LOOK_AGAIN_MS = 100;

/** A place for one long stream, until it is given back or the window is closed; undefined when all are taken. A browser without locks has no limit here. */
export async function takeStreamSlot(locks: LockManager | undefined): Promise<(() => void) | undefined> {
  if (locks === undefined) return () => undefined;
  for (let look = 1; ; look += 1) {
    for (let slot = 1; slot <= SLOTS; slot += 1) {
      const giveBack = await takeIfFree(locks, `holdfast stream ${slot}`);
      if (giveBack !== undefined) return giveBack;
    }
    if (look === LOOKS) return undefined;
    await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
  }
}

function takeIfFree(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) => {
      if (lock === null) return resolve(undefined);
      return new Promise<void>((giveBack) => resolve(giveBack));
    };
    locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}
