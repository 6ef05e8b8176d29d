/**
 * Modules that are proven by tests and run by no program yet: the exceptions of `check:unused` and `check:rules`, each with the day it came here
 * and what will call it. An exception that is not needed any more fails `check:rules`.
 */
export const NOT_RUN_YET: Readonly<Record<string, { since: string; awaits: string }>> = {};
