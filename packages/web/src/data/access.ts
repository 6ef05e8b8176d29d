/**
 * How this browser proves who it is (I-6): `holdfast open` hands over a one-time code in the address's fragment; it is taken out of the
 * address first and exchanged for a browser token, which stays in this origin's storage. The server's own token never comes here.
 */
import { createClient, HoldfastApiError } from "@holdfast/client";

const TOKEN_KEY = "holdfast.token";
const CODE = /(?:^#|&)code=([^&]+)/;

export type Access = { token: string } | { refused: "none" | "code" | "unreachable"; detail?: string };

/** The one-time code of the address, removed from it (the history keeps no trace of it). */
export function takeCode(location: Location, history: History): string | undefined {
  const code = CODE.exec(location.hash)?.[1];
  if (code === undefined) return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  return decodeURIComponent(code);
}

/** The token kept here, or a new one for the code in the address. Never rejects. */
export async function gainAccess(): Promise<Access> {
  const code = takeCode(window.location, window.history);
  const kept = localStorage.getItem(TOKEN_KEY);
  if (code === undefined) return kept === null ? { refused: "none" } : { token: kept };
  try {
    const { token } = await createClient({ url: window.location.origin }).exchangeCode(code);
    localStorage.setItem(TOKEN_KEY, token);
    return { token };
  } catch (error) {
    // A code that was used up in this very browser (a reload, a second tab) need not lock it out.
    if (kept !== null) return { token: kept };
    if (error instanceof HoldfastApiError) return { refused: "code", detail: error.message };
    return { refused: "unreachable", detail: String(error) };
  }
}

/** Forgets a token that the server refuses. */
export function dropAccess(): void {
  localStorage.removeItem(TOKEN_KEY);
}
