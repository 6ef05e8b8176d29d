import type { RequestOptions, Shape } from "./transport.ts";

/** Of every call: a signal, and for a POST a key of the caller's own, to be repeated across restarts of the caller. */
export type CallOptions = Pick<RequestOptions, "signal" | "idempotencyKey">;

/** For answers whose body says nothing. */
export const nothing: Shape<unknown> = { safeParse: (data) => ({ success: true, data }) };

/** The path of a call; each part is encoded. */
export const at = (...parts: string[]) => `/api/${parts.map(encodeURIComponent).join("/")}`;
