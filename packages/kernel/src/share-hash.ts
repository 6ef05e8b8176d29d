import { hash as digest } from "node:crypto";
import { canonicalJson } from "@holdfast/protocol";

const sha256 = (text: string): string => digest("sha256", text);

/** SHA-256 of a payload's canonical JSON, in hex: what publisher and service compare (S-4). */
export const payloadHash = (payload: unknown): string => sha256(canonicalJson(payload));

/** The chain after one more operation (S-6): both sides keep it, and compare it where they meet. */
export const chainAfter = (previous: string, opId: string, hash: string): string =>
  sha256(`${previous}\n${opId}\n${hash}`);
