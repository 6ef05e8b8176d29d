/** What a caller chooses for a ref before it asks for it (S-25): its id, and a secret of which the server is told the hash. */
import type { RefId } from "@holdfast/protocol";
import { newId } from "./id.ts";

const CHECK = 6;

export type ChosenRef = { refId: RefId; secret: string; secretHash: string };

/** Undefined where the browser has no SHA-256 for this page: then the server chooses. */
export async function chooseRef(): Promise<ChosenRef | undefined> {
  if (globalThis.crypto.subtle === undefined) return undefined;
  const body = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await sha256(`hfs_${body}`);
  const check = (new DataView(digest.buffer).getUint32(0) % 36 ** CHECK).toString(36).padStart(CHECK, "0");
  const secret = `hfs_${body}${check}`;
  const hash = Array.from(await sha256(secret), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { refId: newId("ref"), secret, secretHash: hash };
}

async function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
