/** How long it rests between two looks, in ms: a look is a request or a question to a browser, and many that wait take the processor from what they wait for. */
const SHORTEST_MS = 20;
const LONGEST_MS = 250;

/** Asks again until the answer is neither undefined nor false; throws with `what` after the deadline. Rests for a tenth of the time that it waited. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 120_000,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - start;
    if (waitedMs > deadlineMs) throw new Error(`Waited ${deadlineMs} ms for ${what}.`);
    const restMs = Math.min(Math.max(waitedMs / 10, SHORTEST_MS), LONGEST_MS);
    await new Promise<void>((resume) => setTimeout(resume, restMs));
  }
}
