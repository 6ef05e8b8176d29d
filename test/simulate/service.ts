/** The share service with its program, in the simulation. */
import { type FakeClock, HoldfastError, type Logger } from "@holdfast/kernel";
import type { ShareArgs, ShareMethod, ShareResult } from "@holdfast/protocol";
import { commandModule, memoryBlobs, ShareService, shareStoreOn } from "@holdfast/share";
import { type InlineRunner, openInlineRunner } from "@holdfast/sqlite";
import type { Reading } from "./judge.ts";
import { type Around, Life } from "./life.ts";
import type { Reached } from "./network.ts";
import { emptyDatabase } from "./template.ts";

export const PUBLISH_KEY = "k".repeat(64);
const PEER = "192.0.2.1";

type Program = { life: Life; inner: InlineRunner; calls: ShareService };

export type ServiceParts = {
  clock: FakeClock;
  around: Around;
  trace: (line: string) => void;
  violated: (what: string) => void;
};

export class Service {
  readonly #parts: ServiceParts;
  readonly #blobs = memoryBlobs();
  #disk: Uint8Array | undefined;
  #program: Program | undefined;

  constructor(parts: ServiceParts, disk?: Uint8Array) {
    this.#parts = parts;
    this.#disk = disk;
  }

  get isUp(): boolean {
    return this.#program !== undefined;
  }

  start(): void {
    if (this.#program !== undefined) return;
    const { around, trace, violated } = this.#parts;
    const life = new Life();
    const clock = life.clock(this.#parts.clock);
    const inner = openInlineRunner({
      module: commandModule,
      clock,
      from: this.#disk ?? emptyDatabase(commandModule),
    });
    const tell = (fields: Record<string, unknown>, message: string) =>
      trace(`service: ${message} ${JSON.stringify(fields)}`);
    const logger: Logger = {
      debug: tell,
      info: tell,
      warn: tell,
      error: (fields, message) => violated(`the service said: ${message} ${JSON.stringify(fields)}`),
    };
    const store = shareStoreOn(life.runner(inner, around), { clock, blobs: this.#blobs });
    const calls = new ShareService({ store, clock, logger, keys: [PUBLISH_KEY] });
    calls.start();
    this.#program = { life, inner, calls };
    trace("service started");
  }

  /** SIGKILL. */
  kill(): void {
    const program = this.#program;
    if (program === undefined) return;
    this.#disk = program.inner.bytes();
    this.#program = undefined;
    program.life.end();
    this.#parts.trace("service killed");
  }

  backup(): Uint8Array | undefined {
    return this.#program?.inner.bytes() ?? this.#disk;
  }

  /** Puts a backup back with the program's own restore; the program must be down. */
  async restore(bytes: Uint8Array): Promise<void> {
    const inner = openInlineRunner({ module: commandModule, clock: this.#parts.clock, from: bytes });
    await inner.run("renewStore", {});
    this.#disk = inner.bytes();
    await inner.close();
    this.#parts.trace("service restored from a backup");
  }

  /** Everything that is stored, to look for what may not be there. */
  holds(text: string): boolean {
    return Buffer.from(this.backup() ?? new Uint8Array(0)).includes(text);
  }

  reached(): Reached | undefined {
    const program = this.#program;
    if (program === undefined) return undefined;
    return {
      life: program.life,
      call: (method, shareId, bearer, args) =>
        program.life.of(program.calls.callNamed(method, { shareId, args, caller: { bearer, peer: PEER } })),
      putBlob: (shareId, bearer, hash, bytes) =>
        program.life.of(program.calls.putBlob({ shareId, hash, bytes, caller: { bearer, peer: PEER } })),
    };
  }

  /** A call past the network. Rejects when the service dies under it. */
  async call<M extends ShareMethod>(
    method: M,
    shareId: string | undefined,
    bearer: string,
    args: ShareArgs<M>,
  ): Promise<ShareResult<M>> {
    if (this.#program === undefined) throw new Error("The service is down.");
    const { calls, life } = this.#program;
    const died = life.over.then((): never => {
      throw new HoldfastError("SERVICE_UNAVAILABLE", "The service was killed.");
    });
    return Promise.race([calls.call(method, { shareId, args, caller: { bearer, peer: PEER } }), died]);
  }

  /** All that a reader sees, page by page. */
  async read(shareId: string, bearer: string): Promise<Reading> {
    const session = await this.call("readSession", shareId, bearer, {});
    const messages: Reading["messages"] = [];
    const changes: Reading["changes"] = [];
    for (let before: string | undefined; ;) {
      const page = await this.call("readMessages", shareId, bearer, {
        limit: 200,
        ...(before === undefined ? {} : { before }),
      });
      messages.unshift(...page.items);
      before = page.next;
      if (before === undefined) break;
    }
    for (let before: string | undefined; ;) {
      const page = await this.call("readChanges", shareId, bearer, {
        limit: 200,
        ...(before === undefined ? {} : { before }),
      });
      changes.push(...page.items);
      before = page.next;
      if (before === undefined) break;
    }
    return { session, messages, changes };
  }
}
