import { readFileSync } from "node:fs";
import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import { writeSynced } from "@holdfast/sqlite";
import { z } from "zod";
import { ConfigError } from "./config.ts";

/** Bytes of the publish key. */
const KEY_BYTES = 32;
/** Origins that are remembered; the oldest are forgotten. */
const MAX_ORIGINS = 100;

const recordSchema = z.object({
  /** The publish key of the embedded service. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where it has listened, the newest last: shares name the one at which they were made. */
  origins: z.array(z.string()),
});

/** What a Holdfast keeps of its embedded share service: `<data dir>/share-service.json`, 0600. Whole after a loss of power too (D-34). */
export class ShareRecord {
  readonly #path: string;
  #value: z.infer<typeof recordSchema>;

  /** Reads it, or makes it with a new key. Throws ConfigError on a file that is there and makes no sense. */
  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, "share-service.json");
    const kept = readRecord(this.#path);
    this.#value = kept ?? { key: randomHex(KEY_BYTES), origins: [] };
    if (kept === undefined) this.#write();
  }

  get key(): string {
    return this.#value.key;
  }

  get lastPort(): number | undefined {
    const last = this.#value.origins.at(-1);
    return last === undefined ? undefined : Number(new URL(last).port);
  }

  isOwn(origin: string): boolean {
    return this.#value.origins.includes(origin);
  }

  add(origin: string): void {
    const others = this.#value.origins.filter((other) => other !== origin);
    if (others.length === this.#value.origins.length - 1 && this.#value.origins.at(-1) === origin) return;
    this.#value = { ...this.#value, origins: [...others, origin].slice(-MAX_ORIGINS) };
    this.#write();
  }

  #write(): void {
    writeSynced(this.#path, `${JSON.stringify(this.#value)}\n`);
  }
}

/** `undefined` where there is none. */
function readRecord(path: string): z.infer<typeof recordSchema> | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ConfigError(`${path} is no record of a share service. It was left as it is.`, { cause: error });
  }
}
