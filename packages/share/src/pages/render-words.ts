/** What a thread that writes documents says once it can be asked, and then to each request. */
export const RENDER_READY = "ready";
export type RenderAnswer = { document: string } | { failed: true };
