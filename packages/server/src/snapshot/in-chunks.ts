/** Looks at the disk at once. */
const AT_ONCE = 64;

/** Runs `each` for every item, a bounded number at a time, in any order. */
export async function inChunks<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await each(item);
    }
  });
  await Promise.all(lanes);
}
