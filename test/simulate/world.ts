/**
 * All that a run is made of, and its rounds:
 *
 *   round: acts of the plan ─► somebody works, a sender steps, a late copy arrives, time passes, a dead program starts again
 *             └─ at every await of a call or a command: a kill, or others act meanwhile
 *   peace: everything runs, nothing is lost any more ─► until all is at rest ─► judge
 */
import { createHash } from "node:crypto";
import { type FakeClock, newId, newRefSecret } from "@holdfast/kernel";
import type { Caveats, ShareId } from "@holdfast/protocol";
import type { Projection } from "../../packages/server/src/outbox/index.ts";
import type { HeldRef, ShareTask, StoredShare } from "../../packages/server/src/store/index.ts";
import { OWNER } from "../../packages/server/test/contract/rig.ts";
import type { Random } from "../torture/random.ts";
import { type Acting, adopt, perform, type Taken } from "./acts.ts";
import type { Fault, Tally } from "./faults.ts";
import { GivenRefs } from "./given-refs.ts";
import { judge, judgeEnded, type Judging } from "./judgement.ts";
import type { Around } from "./life.ts";
import { Network } from "./network.ts";
import { isPlanned, type Plan, planOf } from "./plan.ts";
import { poisoned } from "./poison.ts";
import { Publisher } from "./publisher.ts";
import { Service, type ServiceBackup } from "./service.ts";
import type { Side } from "./side.ts";
import { Viewer } from "./viewer.ts";
import { Workload } from "./workload.ts";

export type WorldParts = {
  clock: FakeClock;
  random: Random;
  tally: Tally;
  trace: ((line: string) => void) | undefined;
};

/** Rounds and virtual ms until all has to be at rest. A resync may wait an hour, and a revocation a day. */
const MOST_PEACE = 400;
const PEACE_MS = 4 * 86_400_000;
/** Times that all sides say something, until one of them is left. */
const MOST_RENAMES = 3;
const SERVICE_URL = "https://share.example";

export class World implements Acting, Judging {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly tally: Tally;
  readonly plan: Plan;
  readonly service: Service;
  readonly network: Network;
  readonly sides: Side[] = [];
  readonly violations: string[] = [];
  readonly refs = new GivenRefs();
  /** Who has the link. */
  viewer: Viewer | undefined;
  readonly done = new Set<string>();
  shareId: ShareId | undefined;
  /** Backups of before, to be put back. */
  publisherBackup: Taken<Uint8Array> | undefined;
  serviceBackup: Taken<ServiceBackup> | undefined;
  steps = 0;
  /** Streams that were begun anew, with everything in them. */
  resyncs = 0;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #digest = createHash("sha256");
  readonly #ends: (() => void)[] = [];
  #isPeace = false;
  /** The judge looks: nothing happens meanwhile. */
  #isLooking = false;
  #depth = 0;

  constructor({ clock, random, tally, trace }: WorldParts) {
    this.clock = clock;
    this.random = random;
    this.tally = tally;
    this.#trace = trace;
    this.plan = planOf(random);
    const common = { trace: this.trace, violated: this.violated };
    this.service = new Service({
      clock,
      ...common,
      answered: (method, args, result) => this.refs.hear(method, args, result, this.steps),
      around: this.#around(
        ["service killed before a commit", "service killed after a commit"],
        () => this.service,
      ),
    });
    this.network = new Network({
      random,
      tally,
      odds: this.plan.odds,
      service: () => this.service.reached(),
      pass: (ms) => clock.advance(ms),
      meanwhile: (place) => this.#meanwhile(place),
      violated: this.violated,
    });
    this.addSide("publisher");
  }

  get digest(): string {
    return this.#digest.copy().digest("hex");
  }

  readonly violated = (what: string): void => {
    this.violations.push(what);
    this.trace(`VIOLATION ${what}`);
  };

  readonly trace = (line: string): void => {
    this.#digest.update(line);
    this.#trace?.(`${new Date(this.clock.now()).toISOString()} ${line}`);
  };

  /** Undone at the end of the run. */
  atEnd(undo: () => void): void {
    this.#ends.push(undo);
  }

  end(): void {
    const isFine = this.violations.length === 0;
    for (const { publisher } of this.sides) publisher.end(isFine);
    this.service.end(isFine);
    for (const undo of this.#ends.splice(0)) undo();
  }

  addSide(name: string, disk?: Uint8Array): Side {
    const around = this.#around(
      ["publisher killed before a commit", "publisher killed after a commit"],
      (): Publisher => publisher,
    );
    const dress = (project: Projection) => poisoned(project, this.plan.poison);
    const { clock, random, network, trace, violated } = this;
    const publisher: Publisher = new Publisher(
      name,
      { clock, random, network, dress, around, trace, violated },
      disk,
    );
    const side: Side = { publisher, workload: undefined };
    this.sides.push(side);
    return side;
  }

  async run(): Promise<void> {
    const [first] = this.sides;
    if (first === undefined) throw new Error("Nobody publishes.");
    this.service.start();
    await first.publisher.start();
    first.workload = await Workload.begin(first.publisher.rig, this.random);
    for (let times = this.random.int(0, 8); times > 0; times -= 1) await first.workload.act();
    await this.#share(first);
    for (let round = 0; round < this.plan.rounds; round += 1) {
      for (const act of this.plan.acts.get(round) ?? []) await perform(act, this);
      await this.#round();
      if (this.random.chance(this.plan.viewing)) await this.#watch();
      if (this.random.chance(0.12)) await this.#takeBackups();
      if (this.random.chance(0.3)) await this.#lookAtEnded();
    }
    await this.#makePeace();
    // Twice: a share that is taken back may find only then that its refs were renewed.
    for (let times = 0; times < 2; times += 1) if (await this.#askSomebody()) await this.#untilRest();
    await judge(this);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
  }

  /** The share as a side has stored it. */
  async shareOf(side: Side): Promise<StoredShare | undefined> {
    return this.shareId === undefined ? undefined : side.publisher.store.storedShare(this.shareId);
  }

  async #share({ publisher, workload }: Side): Promise<void> {
    const held = (): HeldRef => ({ refId: newId("ref"), secret: newRefSecret() });
    const [owner, append, link] = [held(), held(), held()];
    const id = newId("shr");
    const { expiresAfter, linkExpiresAfter } = this.plan;
    const guest = linkExpiresAfter === undefined ? undefined : held();
    const guestUntil = this.clock.now() + (linkExpiresAfter ?? 0);
    this.refs.give(link);
    if (guest !== undefined) this.refs.give(guest, guestUntil);
    const share = {
      id,
      sessionId: workload?.sessionId ?? newId("ses"),
      title: "What the heron saw",
      service: SERVICE_URL,
      owner,
      append,
      link,
      includes: { files: this.plan.files, others: false },
      ...(expiresAfter === undefined ? {} : { expiresAt: this.clock.now() + expiresAfter }),
    };
    await publisher.store.createShare({
      actor: OWNER,
      share,
      tasks: [
        { kind: "create", owner, append },
        mint(link, "link"),
        ...(guest === undefined ? [] : [mint(guest, "guest", { expiresAt: guestUntil })]),
      ],
    });
    this.shareId = id;
    this.viewer = this.#viewerWith(link.secret);
    this.trace(`shared as ${id}`);
  }

  async #round(): Promise<void> {
    this.steps += 1;
    for (const side of this.sides)
      if (!side.publisher.isUp && this.random.chance(0.4)) await this.startSide(side);
    if (!this.service.isUp && this.random.chance(0.4)) this.service.start();
    const side = this.random.pick(this.sides);
    const roll = this.random.int(0, 99);
    if (roll < 45) await this.#work(side);
    else if (roll < 80) await side.publisher.step(this.random.chance(0.5), this.random.int(1, 12));
    else if (roll < 88) await this.network.deliverLate();
    else this.#wait(side);
  }

  #wait({ publisher }: Side): void {
    const due = publisher.due ?? this.clock.now() + this.random.int(1, 60_000);
    this.clock.advance(Math.max(0, Math.min(due - this.clock.now(), 86_400_000)));
  }

  async startSide(side: Side): Promise<void> {
    const sessionId = side.workload?.sessionId ?? this.sides[0]?.workload?.sessionId;
    side.workload = undefined;
    await side.publisher.start();
    if (sessionId !== undefined) side.workload = new Workload(side.publisher.rig, this.random, sessionId);
  }

  async #work(side: Side): Promise<void> {
    if (!side.publisher.isUp) return;
    for (let times = this.random.int(1, 3); times > 0; times -= 1) {
      await side.workload?.act();
      this.clock.advance(this.random.int(0, 400));
    }
  }

  /** Everything runs, and nothing is lost any more: steps go on until nobody wants to be called again. */
  async #makePeace(): Promise<void> {
    this.#isPeace = true;
    this.network.isFaulty = false;
    this.trace("peace");
    this.service.start();
    for (const side of this.sides) {
      if (!side.publisher.isUp) await this.startSide(side);
      await side.workload?.finish();
    }
    while (this.network.isSomethingLate) await this.network.deliverLate();
    await this.#resume();
    await this.#untilRest();
    await this.viewer?.connect();
    // Who has nothing to say does not know yet that it is a copy, or that its refs were renewed.
    for (let times = 0; times < MOST_RENAMES && (await this.#isUnsure()); times += 1) {
      for (const { workload } of this.sides) await workload?.rename();
      await this.#untilRest();
    }
  }

  /** Somebody may publish who is not the one that does. */
  async #isUnsure(): Promise<boolean> {
    const shares = await Promise.all(this.sides.map((side) => this.shareOf(side)));
    const live = shares.filter((share) => share?.state === "live");
    return live.length > 1 || (live.length === 1 && this.done.has("bumped elsewhere"));
  }

  /** Of the sides that are to be put back; a copy takes its time. */
  async #takeBackups(): Promise<void> {
    const [first] = this.sides;
    const { plan, steps: step } = this;
    if (first !== undefined && isPlanned(plan, "restore the publisher"))
      this.publisherBackup = { backup: first.publisher.backup(), step };
    if (isPlanned(plan, "restore the service"))
      this.serviceBackup = { backup: await this.service.backup(), step };
    this.trace("backups taken");
  }

  #viewerWith(secret: string): Viewer | undefined {
    if (this.shareId === undefined) return undefined;
    const { shareId, service, tally, trace, violated } = this;
    const hasEnded = (one: string) => this.refs.has(one);
    return new Viewer({ shareId, secret, service, tally, hasEnded, trace, violated });
  }

  /** Somebody opens the link, or loses the connection. */
  async #watch(): Promise<void> {
    if (this.viewer?.isWatching === true && this.random.chance(0.4)) {
      this.tally.add("viewer cut");
      this.viewer.cut();
    } else await this.viewer?.connect();
  }

  /** What has ended does not work, whatever was restored since. */
  async #lookAtEnded(): Promise<void> {
    if (this.shareId === undefined || !this.service.isUp) return;
    this.#isLooking = true;
    await this.#seeExpired(this.shareId);
    await judgeEnded(this);
    this.#isLooking = false;
  }

  /** A ref that was seen to have expired stays so, also when the clock is set back; unless the service was put back to before that, too. */
  async #seeExpired(shareId: ShareId): Promise<void> {
    const isForgotten =
      isPlanned(this.plan, "set the clock back") && isPlanned(this.plan, "restore the service");
    for (const secret of this.refs.due(this.clock.now())) {
      if (await this.service.redeems(shareId, secret)) this.violated("a ref works that has expired");
      this.tally.add("ref expired");
      if (!isForgotten) this.refs.end(secret, this.steps);
    }
  }

  /** A person lets a paused share go on. */
  async #resume(): Promise<void> {
    for (const side of this.sides) {
      const share = await this.shareOf(side);
      if (share?.state !== "paused") continue;
      await side.publisher.store.changeShare({ actor: OWNER, shareId: share.id, change: { state: "live" } });
    }
  }

  /** Where every side has stopped and says so, a person takes the share back on the first. Answers whether somebody had to. */
  async #askSomebody(): Promise<boolean> {
    const [first] = this.sides;
    const shares = await Promise.all(this.sides.map((side) => this.shareOf(side)));
    const [share] = shares;
    if (first === undefined || share === undefined) return false;
    if (!shares.every((one) => one?.state === "fenced" || one?.state === "parked")) return false;
    this.tally.add(`asked a person: ${share.state} ${share.lastError?.code ?? ""}`);
    this.trace(`adopted by a person: ${share.state}, ${share.lastError?.code ?? ""}`);
    await adopt(first, share, this);
    return true;
  }

  /** Until nobody wants to be called again. */
  async #untilRest(): Promise<void> {
    const end = this.clock.monotonic() + PEACE_MS;
    for (let times = 0; times < MOST_PEACE && this.clock.monotonic() < end; times += 1) {
      for (const { publisher } of this.sides) await publisher.step(true);
      const dues = this.sides.flatMap(({ publisher }) => publisher.due ?? []);
      if (dues.length === 0) return;
      this.clock.advance(Math.max(1, Math.min(...dues) - this.clock.now()));
      this.steps += 1;
    }
    this.violated("not at rest in time");
  }

  async #meanwhile(place: string): Promise<void> {
    if (this.#isPeace || this.#isLooking || this.#depth > 0 || !this.random.chance(this.plan.meanwhile))
      return;
    this.#depth += 1;
    try {
      const side = this.random.pick(this.sides);
      this.trace(`meanwhile, at ${place}`);
      if (this.random.chance(0.2)) await this.network.deliverLate();
      else if (side.publisher.isUp) await Promise.race([side.workload?.act(), side.publisher.over]);
    } finally {
      this.#depth -= 1;
    }
  }

  #around([before, after]: readonly [Fault, Fault], program: () => { kill(): void }): Around {
    const dies = (fault: Fault): boolean => {
      if (this.#isPeace || this.#isLooking || !this.random.chance(this.plan.odds[fault] ?? 0)) return false;
      this.tally.add(fault);
      return true;
    };
    return {
      before: async (command, args) => {
        this.trace(command);
        if ((args as { isResync?: boolean }).isResync === true) this.resyncs += 1;
        if (dies(before)) program().kill();
        else await this.#meanwhile(command);
      },
      after: () => {
        if (dies(after)) program().kill();
      },
    };
  }
}

const mint = (ref: HeldRef, label: string, caveats: Caveats = {}): ShareTask => ({
  kind: "mint",
  ref,
  rights: ["read"],
  caveats,
  label,
});
