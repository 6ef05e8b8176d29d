import { createHash } from "node:crypto";
import { randomFill } from "./random.ts";

const PREFIX = "hfs_";
/** 32 bytes in base64url. */
const BODY = 43;
const CHECK = 6;

/** Tells a secret that was cut or mistyped before anybody is asked about it; it is no protection. */
function checkOf(body: string): string {
  const digest = createHash("sha256").update(`${PREFIX}${body}`).digest();
  return (digest.readUInt32BE(0) % 36 ** CHECK).toString(36).padStart(CHECK, "0");
}

/** A new secret of a ref (S-13): `hfs_`, 32 random bytes in base64url, six characters of check. Shown once; what is stored is `secretHash` of it. */
export function newRefSecret(): string {
  const body = Buffer.from(randomFill(new Uint8Array(32))).toString("base64url");
  return `${PREFIX}${body}${checkOf(body)}`;
}

/** Whether a text is a secret as it was given out, whole. */
export function isWholeRefSecret(text: string): boolean {
  const body = text.slice(PREFIX.length, PREFIX.length + BODY);
  return text.startsWith(PREFIX) && body.length === BODY && text === `${PREFIX}${body}${checkOf(body)}`;
}

/** What of a secret is stored and compared: SHA-256 in hex. */
export const secretHash = (secret: string): string => createHash("sha256").update(secret).digest("hex");
