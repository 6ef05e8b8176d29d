/** Asks again until the answer is neither undefined nor false; throws with `what` after the deadline. Looks every 20 ms. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 120_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`Waited ${deadlineMs} ms for ${what}.`);
    await new Promise<void>((resume) => setTimeout(resume, 20));
  }
}
