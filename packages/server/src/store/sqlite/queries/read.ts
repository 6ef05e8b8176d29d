/** Runs bounded reads in one snapshot, on the calling thread (D-34). */
export type Read = <T>(work: () => T) => Promise<T>;
