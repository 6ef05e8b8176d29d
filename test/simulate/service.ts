/** The share service with its program, in the simulation. */
import { type FakeClock, HoldfastError, isHoldfastError, type Logger } from "@holdfast/kernel";
import type { ShareArgs, ShareMethod, ShareResult } from "@holdfast/protocol";
import {
  commandModule,
  finishRestore,
  memoryBlobs,
  type ShareBlobs,
  type ShareCaller,
  ShareService,
  type ShareSink,
  shareStoreOn,
  type SubscribeRequest,
} from "@holdfast/share";
import { type InlineRunner, openInlineRunner } from "@holdfast/sqlite";
import { bytesOn, type Disk, emptyDisk, handOn, leave } from "./disk.ts";
import type { Reading } from "./judge.ts";
import { type Around, Life, never } from "./life.ts";
import type { Reached } from "./network.ts";

export const PUBLISH_KEY = "k".repeat(64);
/** The address of publishers. */
const PEER = "192.0.2.1";

type Program = { life: Life; inner: InlineRunner; calls: ShareService };

/** A copy of the service's directory: its database, and contents by their paths. */
export type ServiceBackup = { database: Uint8Array; contents: readonly Content[] };
type Content = { shareId: string; hash: string; bytes: Uint8Array };

export type ServiceParts = {
  clock: FakeClock;
  around: Around;
  /** Hears each answer, whether it arrives or not. */
  answered: (method: ShareMethod, args: unknown, result: unknown) => void;
  trace: (line: string) => void;
  violated: (what: string) => void;
};

export class Service {
  readonly #parts: ServiceParts;
  #blobs = memoryBlobs();
  #looks = 0;
  #disk: Disk = emptyDisk(commandModule);
  #program: Program | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
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
      from: this.#disk,
    });
    const tell = (fields: Record<string, unknown>, message: string) =>
      trace(`service: ${message} ${JSON.stringify(fields)}`);
    const logger: Logger = {
      debug: tell,
      info: tell,
      warn: tell,
      error: (fields, message) => violated(`the service said: ${message} ${JSON.stringify(fields)}`),
    };
    const store = shareStoreOn(life.runner(inner, around), { clock, blobs: blobsOf(life, this.#blobs) });
    const calls = new ShareService({ store, clock, logger, keys: [PUBLISH_KEY] });
    calls.start();
    this.#program = { life, inner, calls };
    trace("service started");
  }

  /** SIGKILL. */
  kill(): void {
    const program = this.#program;
    if (program === undefined) return;
    this.#disk = program.inner;
    this.#program = undefined;
    program.life.end();
    this.#parts.trace("service killed");
  }

  /** The end of it all. A disk on which something is wrong is no other run's. */
  end(isFine: boolean): void {
    this.kill();
    if (isFine) handOn(commandModule, this.#disk);
    else leave(this.#disk);
  }

  async backup(): Promise<ServiceBackup> {
    return { database: this.#bytes(), contents: await contentsOf(this.#blobs) };
  }

  /** Puts a backup back with the program's own restore; the program must be down. */
  async restore({ database, contents }: ServiceBackup): Promise<void> {
    const { clock } = this.#parts;
    const inner = openInlineRunner({ module: commandModule, clock, from: database });
    const blobs = memoryBlobs();
    for (const { shareId, hash, bytes } of contents) await blobs.put(shareId, hash, bytes);
    await finishRestore(shareStoreOn(inner, { clock, blobs }));
    leave(this.#disk);
    this.#disk = inner;
    this.#blobs = blobs;
    this.#parts.trace("service restored from a backup");
  }

  /** Which of these stand anywhere in what is stored. */
  async holding(texts: readonly string[]): Promise<string[]> {
    const contents = await contentsOf(this.#blobs);
    const stored = [this.#bytes(), ...contents.map(({ bytes }) => bytes)].map((bytes) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    );
    return texts.filter((text) => stored.some((bytes) => bytes.includes(text)));
  }

  #bytes(): Uint8Array {
    return bytesOn(this.#program?.inner ?? this.#disk);
  }

  reached(): Reached | undefined {
    const program = this.#program;
    if (program === undefined) return undefined;
    return {
      life: program.life,
      call: async (method, shareId, bearer, args) => {
        const request = { shareId, args, caller: { bearer, peer: PEER } };
        const result = await program.life.of(program.calls.callNamed(method, request));
        this.#parts.answered(method, args, result);
        return result;
      },
      putBlob: (shareId, bearer, hash, bytes) =>
        program.life.of(program.calls.putBlob({ shareId, hash, bytes, caller: { bearer, peer: PEER } })),
    };
  }

  /** A call past the network, of a bearer or from another address than a publisher's. Rejects SERVICE_UNAVAILABLE when the service is down or dies under it. */
  async call<M extends ShareMethod>(
    method: M,
    shareId: string | undefined,
    caller: string | ShareCaller,
    args: ShareArgs<M>,
  ): Promise<ShareResult<M>> {
    const result = await this.#ask(({ calls }) =>
      calls.call(method, {
        shareId,
        args,
        caller: typeof caller === "string" ? { bearer: caller, peer: PEER } : caller,
      }),
    );
    this.#parts.answered(method, args, result);
    return result;
  }

  /** Opens a stream past the network; `onCut` hears when the service dies under it. Rejects as `call` does. */
  async subscribe(request: SubscribeRequest, open: () => ShareSink, onCut: () => void): Promise<void> {
    await this.#ask(({ calls, life }) => {
      void life.over.then(onCut);
      return calls.subscribe(request, open);
    });
  }

  /** Whether a ref of a share can be redeemed now, asked from an address that never asked before. */
  async redeems(shareId: string, bearer: string): Promise<boolean> {
    try {
      this.#looks += 1;
      await this.call("redeemShare", shareId, { bearer, peer: `looker ${this.#looks}` }, {});
      return true;
    } catch (error) {
      if (isHoldfastError(error, "REF_NOT_VALID")) return false;
      throw error;
    }
  }

  /** Undefined where the share shows no such content. */
  async content(shareId: string, bearer: string, hash: string): Promise<Uint8Array | undefined> {
    const caller = { bearer, peer: PEER };
    try {
      return (await this.#ask(({ calls }) => calls.getBlob({ shareId, hash, caller }))).bytes;
    } catch (error) {
      if (isHoldfastError(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  }

  async #ask<T>(ask: (program: Program) => Promise<T>): Promise<T> {
    const program = this.#program;
    if (program === undefined) throw new HoldfastError("SERVICE_UNAVAILABLE", "The service is down.");
    const died = program.life.over.then((): never => {
      throw new HoldfastError("SERVICE_UNAVAILABLE", "The service was killed.");
    });
    return Promise.race([ask(program), died]);
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

/** Contents as a program has them: one that is dead touches nothing more. */
function blobsOf(life: Life, blobs: ShareBlobs): ShareBlobs {
  const alive = <T>(does: () => Promise<T>): Promise<T> => (life.isOver ? never() : life.of(does()));
  return {
    put: (shareId, hash, bytes) => alive(() => blobs.put(shareId, hash, bytes)),
    read: (shareId, hash) => alive(() => blobs.read(shareId, hash)),
    remove: (shareId, hash) => alive(() => blobs.remove(shareId, hash)),
    list: (shareId) => alive(() => blobs.list(shareId)),
    shares: () => alive(() => blobs.shares()),
  };
}

async function contentsOf(blobs: ShareBlobs): Promise<Content[]> {
  const contents: Content[] = [];
  for (const shareId of await blobs.shares())
    for (const hash of await blobs.list(shareId)) {
      const bytes = await blobs.read(shareId, hash);
      if (bytes !== undefined) contents.push({ shareId, hash, bytes });
    }
  return contents;
}
