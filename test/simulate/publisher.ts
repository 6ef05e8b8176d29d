/** A data directory with its program, in the simulation: what is stored outlives the program, and can be copied and put back. */
import { type FakeClock, newId } from "@holdfast/kernel";
import type { ShareId } from "@holdfast/protocol";
import { type InlineRunner, openInlineRunner } from "@holdfast/sqlite";
import { type Again, type Projection, ShareSender } from "../../packages/server/src/outbox/index.ts";
import { createPublisher } from "../../packages/server/src/sharing/publish/index.ts";
import type { Store } from "../../packages/server/src/store/index.ts";
import { commandModule, sqliteStoreOn } from "../../packages/server/src/store/sqlite/index.ts";
import { StoreRig, SYSTEM } from "../../packages/server/test/contract/rig.ts";
import type { Random } from "../torture/random.ts";
import { bytesOn, type Disk, emptyDisk, handOn, leave } from "./disk.ts";
import { type Around, Life } from "./life.ts";
import type { Network } from "./network.ts";
import { PUBLISH_KEY } from "./service.ts";

export type PublisherParts = {
  clock: FakeClock;
  random: Random;
  network: Network;
  /** What is done to rows on their way out, beside what is shipped. */
  dress: (project: Projection) => Projection;
  /** Around each command of the sender. */
  around: Around;
  trace: (line: string) => void;
  violated: (what: string) => void;
};

/** A share's sender, and when it wants to be called again; `undefined`: when something happens. */
type Turnus = { sender: ShareSender; due: number | undefined; isEnded: boolean };

type Program = {
  life: Life;
  inner: InlineRunner;
  rig: StoreRig;
  /** The store as the senders use it: their commands may be their last ones. */
  sending: Store;
  project: Projection;
  senders: Map<ShareId, Turnus>;
};

/** Steps in a row of one sender, when it says that it goes on at once. More than any backlog here needs. */
const MOST_STEPS = 2_000;

/** What is secret on this machine, whatever it looks like. */
const NO_SECRETS: readonly string[] = [];

export class Publisher {
  readonly name: string;
  readonly #parts: PublisherParts;
  #disk: Disk;
  #program: Program | undefined;

  constructor(name: string, parts: PublisherParts, disk: Disk = emptyDisk(commandModule)) {
    this.name = name;
    this.#parts = parts;
    this.#disk = disk;
  }

  get isUp(): boolean {
    return this.#program !== undefined;
  }

  /** Resolves when the program that runs now dies. */
  get over(): Promise<void> {
    return this.#running.life.over;
  }

  get rig(): StoreRig {
    return this.#running.rig;
  }

  get store(): Store {
    return this.rig.store;
  }

  get project(): Projection {
    return this.#running.project;
  }

  get #running(): Program {
    if (this.#program === undefined) throw new Error(`${this.name} is down.`);
    return this.#program;
  }

  /** What is stored now, as a copy of the directory has it. */
  backup(): Uint8Array {
    return bytesOn(this.#program?.inner ?? this.#disk);
  }

  /** Starts the program on what is stored, and recovers as a start does. */
  async start(): Promise<void> {
    if (this.#program !== undefined) return;
    const { clock, around, dress, trace } = this.#parts;
    const life = new Life();
    const inner = openInlineRunner({
      module: commandModule,
      clock: life.clock(clock),
      from: this.#disk,
    });
    const files = { directory: "/nowhere", clock: life.clock(clock) };
    const store = sqliteStoreOn(life.runner(inner), files);
    const sending = sqliteStoreOn(life.runner(inner, around), files);
    const rig = await rigOn(store);
    const { project } = createPublisher({
      store: sending,
      readChange: (change) => Promise.resolve(change),
      home: ["/home/heron"],
      secrets: () => NO_SECRETS,
    });
    this.#program = { life, inner, rig, sending, project: dress(project), senders: new Map() };
    await recover(rig);
    await this.#findShares();
    trace(`${this.name} started`);
  }

  /** SIGKILL. */
  kill(): void {
    const program = this.#program;
    if (program === undefined) return;
    this.#disk = program.inner;
    this.#program = undefined;
    program.life.end();
    this.#parts.trace(`${this.name} killed`);
  }

  /** The end of it all. A disk on which something is wrong is no other run's. */
  end(isFine: boolean): void {
    this.kill();
    if (isFine) handOn(commandModule, this.#disk);
    else leave(this.#disk);
  }

  /** Puts a backup back with the program's own restore; the program must be down. */
  async restore(bytes: Uint8Array): Promise<void> {
    if (this.#program !== undefined) throw new Error(`${this.name} is up.`);
    const inner = openInlineRunner({ module: commandModule, clock: this.#parts.clock, from: bytes });
    await inner.run("markRestored", { actor: SYSTEM });
    leave(this.#disk);
    this.#disk = inner;
    this.#parts.trace(`${this.name} restored from a backup`);
  }

  /** When the next sender wants to be called; `undefined`: none does by itself. */
  get due(): number | undefined {
    const times = [...(this.#program?.senders.values() ?? [])].flatMap(({ due, isEnded }) =>
      due === undefined || isEnded ? [] : [due],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /**
   * Lets every sender whose time has come go on until it waits, at most `steps` steps each; `isWoken`: all of them, because something was marked or changed. Ends early
   * where the program dies.
   */
  async step(isWoken: boolean, steps: number = MOST_STEPS): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    if (isWoken) await this.#findShares();
    for (const turnus of program.senders.values()) {
      for (let count = 0; count < steps; count += 1) {
        const isDue = turnus.due !== undefined && turnus.due <= this.#parts.clock.now();
        if (program.life.isOver || turnus.isEnded || (!isDue && !(isWoken && count === 0))) break;
        await Promise.race([this.#stepOne(turnus), program.life.over]);
        if (count === MOST_STEPS - 1)
          this.#parts.violated(`${this.name}: a sender took ${MOST_STEPS} steps without an end`);
      }
    }
  }

  async #stepOne(turnus: Turnus): Promise<void> {
    try {
      const again = await turnus.sender.step();
      turnus.due = this.#dueOf(again);
      turnus.isEnded = again.when === "never";
    } catch (error) {
      this.#parts.violated(
        `${this.name}: a sender threw ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
      );
      turnus.isEnded = true;
    }
  }

  #dueOf(again: Again): number | undefined {
    if (again.when === "now") return this.#parts.clock.now();
    return again.when === "at" ? again.time : undefined;
  }

  async #findShares(): Promise<void> {
    const { life, sending, project, senders } = this.#running;
    const { clock, random, network } = this.#parts;
    const transport = network.transport(life);
    for (const id of await sending.openShares()) {
      if (senders.has(id)) continue;
      const sender = new ShareSender(id, {
        store: sending,
        transport: () => transport,
        project,
        publishKey: () => PUBLISH_KEY,
        clock: life.clock(clock),
        random: () => random.next(),
      });
      senders.set(id, { sender, due: clock.now(), isEnded: false });
    }
  }
}

const rigOn = (store: Store): Promise<StoreRig> =>
  StoreRig.open(() =>
    Promise.resolve({
      store,
      reopen: () => Promise.resolve(store),
      close: () => Promise.resolve(),
      age: () => Promise.resolve(),
    }),
  );

/** Turns that a dead program left are interrupted, as at a real start. */
async function recover(rig: StoreRig): Promise<void> {
  for (const { turnId, sessionId } of await rig.store.liveTurns()) {
    const epoch = await rig.takeOver(sessionId, rig.instanceId);
    const record = { state: "aborted", reason: "interrupted" } as const;
    await rig.store.beginFinalize({ turnId, epoch, record });
    await rig.store.finalizeTurn({ turnId, epoch, actor: SYSTEM, stepFinishPartId: newId("prt") });
    await rig.store.resumeQueue({ sessionId, actor: SYSTEM });
  }
}
