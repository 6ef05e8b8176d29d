/**
 * Refs as they are used (S-15): each secret is looked up once and then known, until a commit ends it or one above it. Whoever has something open through a ref
 * hears of its end when that is committed, whether anything happens on what is open or not; expiry is a timer of whoever keeps it open.
 */
import type { RefCredential, RefStore } from "@holdfast/edge";
import type { Clock } from "@holdfast/kernel";
import { type EventData, isNamed, type RefId } from "@holdfast/protocol";
import { type CommittedEvent, type RefLine, refNotValid, type Store } from "../store/index.ts";
import type { LookCounter } from "./look-counter.ts";

/** Refs that are known at once, and days of peers that were counted; the oldest goes first. */
const MOST_KNOWN = 1_000;
const MOST_DAYS = 10_000;
const DAY = 86_400_000;

type Known = { credential: RefCredential; countsPeers: boolean; isExhausted: boolean };

type Deps = {
  store: Pick<Store, "findRef" | "getRef" | "useRefToRead" | "onCommit">;
  clock: Clock;
  looks: Pick<LookCounter, "count">;
};

export class LiveRefs implements RefStore {
  readonly #deps: Deps;
  readonly #known = new Map<string, Known>();
  /** Peers that were counted as uses, by ref and day. */
  readonly #days = new Set<string>();
  readonly #onEnded = new Set<(id: RefId) => void>();
  /** Grows with every commit that concerns refs, so that what was read before is not kept after it. */
  #commits = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.store.onCommit((events) => this.#hear(events));
  }

  onEnded(listener: (id: RefId) => void): void {
    this.#onEnded.add(listener);
  }

  async find(hash: string, address: string): Promise<RefCredential> {
    const { clock } = this.#deps;
    let known = this.#known.get(hash);
    if (known === undefined || known.credential.expires <= clock.now())
      known = await this.#read(hash, address);
    if (known.countsPeers) await this.#countPeer(known.credential.id, address);
    return known.credential;
  }

  /** Whether a ref still works: for whoever began something with it before that could be told of its end. */
  async works(id: RefId): Promise<boolean> {
    const line = await this.#deps.store.getRef({ id, now: this.#deps.clock.now() });
    return line !== undefined && isOpen(line);
  }

  /** The same work for every secret that does not work: it is looked for, and counted. */
  async #read(hash: string, address: string): Promise<Known> {
    const { store, clock, looks } = this.#deps;
    const commits = this.#commits;
    const line = await store.findRef({ hash, now: clock.now() });
    if (line === undefined || !("ref" in line)) {
      looks.count(
        line === undefined
          ? { action: "refused", peer: "" }
          : { refId: line.refId, action: "refused", peer: address, detail: line.ended },
      );
      this.#known.delete(hash);
      throw refNotValid();
    }
    const known = knownOf(line);
    if (commits === this.#commits && !known.isExhausted) this.#keep(hash, known);
    return known;
  }

  #keep(hash: string, known: Known): void {
    this.#known.set(hash, known);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  async #countPeer(refId: RefId, peer: string): Promise<void> {
    const { store, clock } = this.#deps;
    const day = `${refId} ${peer} ${Math.floor(clock.now() / DAY)}`;
    if (this.#days.has(day)) return;
    await store.useRefToRead({ refId, peer });
    this.#days.add(day);
    const oldest = this.#days.values().next().value;
    if (this.#days.size > MOST_DAYS && oldest !== undefined) this.#days.delete(oldest);
  }

  #hear(events: readonly CommittedEvent[]): void {
    for (const event of events) {
      if (event.type !== "ref.updated") continue;
      this.#commits += 1;
      const data = JSON.parse(event.data) as EventData<"ref.updated"> | { refId: RefId; tooLarge: true };
      const id = "ref" in data ? data.ref.id : data.refId;
      for (const [hash, { credential }] of this.#known) if (credential.id === id) this.#known.delete(hash);
      if (isNamed(data)) void this.works(id).then((works) => (works ? undefined : this.#tell(id)));
      else if ("ref" in data && data.ref.ended !== undefined) this.#tell(id);
    }
  }

  #tell(id: RefId): void {
    for (const listener of this.#onEnded) listener(id);
  }
}

/**
 * What may come in. A ref whose uses are over is let in for a repetition of what it did, and a reader for a day that was counted: the store, and whoever lets
 * it in, refuse everything else.
 */
const isOpen = ({ ended }: RefLine): boolean => ended === undefined || ended === "exhausted";

function knownOf({ ref, expires, ended }: RefLine): Known {
  const isReader = ref.rights.every((right) => right === "read");
  const isExhausted = ended === "exhausted";
  return {
    countsPeers: isReader && ref.caveats.maxUses !== undefined,
    isExhausted,
    credential: {
      kind: "ref",
      id: ref.id,
      actor: { id: ref.id, kind: "ref", label: ref.label === "" ? "Ref" : ref.label },
      expires: expires ?? Infinity,
      sessionId: ref.target.id as RefCredential["sessionId"],
      rights: ref.rights,
      caveats: ref.caveats,
      isExhausted: isExhausted && !isReader,
    },
  };
}
