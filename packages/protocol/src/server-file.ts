/** How a program of the same user finds a running server, and makes sure that it is the one before it sends a secret (I-6). */
import { z } from "zod";
import { timeSchema } from "./common.ts";

/** 32 random bytes, in hexadecimal. */
const secretSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** What a server may call its own address: plain HTTP, a name or an address, a port, and nothing behind it. */
const ownUrlSchema = z
  .string()
  .regex(/^http:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}$/i)
  .refine((url) => URL.canParse(url));

/** What `<data dir>/server.json` holds. */
export const serverFileSchema = z.object({
  url: ownUrlSchema,
  pid: z.int().positive(),
  /** When the process of this pid began, as the system's process table tells it; absent where it tells nothing. */
  processStart: z.string().optional(),
  startTime: timeSchema,
  /** Of the program that runs; absent for one that is older than this field. */
  version: z.string().optional(),
  /** Proves that whoever answers is this very start of the server. It is in nobody else's hands. */
  key: secretSchema,
});
export type ServerFile = z.infer<typeof serverFileSchema>;

/** What is sent to a server that should prove itself; fresh for every connection. */
export const proofNonceSchema = z.strictObject({ nonce: secretSchema });

/**
 * What a proof is the HMAC-SHA256 of, by the file's key. The address is the server's end of the connection on which the nonce came, as each side sees it:
 * an answer that somebody got elsewhere and passes on proves nothing.
 */
export function proofText(nonce: string, address: string | undefined, port: number | undefined): string {
  const plain = (address ?? "").replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return `holdfast server proof 1\n${nonce}\n${plain}\n${port ?? ""}`;
}

/** Fields 4, 5, 9 and 22 of the line, counted from the state, which is field 3. */
const PARENT_AFTER_NAME = 1;
const GROUP_AFTER_NAME = 2;
const FLAGS_AFTER_NAME = 6;
const START_TIME_AFTER_NAME = 19;

export type ProcessStat = { parent: number; group: number; flags: number; startTime: string };

/**
 * Parent, group, flags and start tick of a `/proc/<pid>/stat`; `undefined` for the dead. The name in parentheses may hold anything, spaces and parentheses
 * too; fields are counted after the last one.
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const startTime = fields[START_TIME_AFTER_NAME];
  if (startTime === undefined || "ZXx".includes(fields[0] ?? "")) return undefined;
  return {
    parent: Number(fields[PARENT_AFTER_NAME]),
    group: Number(fields[GROUP_AFTER_NAME]),
    flags: Number(fields[FLAGS_AFTER_NAME]),
    startTime,
  };
}
