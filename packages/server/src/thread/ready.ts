/** What a thread says once it can be asked. */
export const READY = "ready";
