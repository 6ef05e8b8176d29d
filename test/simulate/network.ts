/**
 * The network between publishers and the service: a transport that loses, repeats, delays and cuts, by the seed. It is stepped with the sender that calls it, so that at
 * every await of a call others may act.
 */
import { isHoldfastError } from "@holdfast/kernel";
import type { ErrorCode, ShareMethod, ShareResult } from "@holdfast/protocol";
import type { ShareAnswer, ShareCall, ShareTransport } from "../../packages/server/src/outbox/index.ts";
import type { Random } from "../torture/random.ts";
import type { Fault, Tally } from "./faults.ts";
import type { Life } from "./life.ts";

/** The service as the network reaches it: `undefined` while it is down. */
export type Reached = {
  call(method: ShareMethod, shareId: string | undefined, bearer: string, args: unknown): Promise<unknown>;
  putBlob(shareId: string, bearer: string, hash: string, bytes: Uint8Array): Promise<unknown>;
  /** Ends when the program that was asked does. */
  readonly life: Life;
};

export type NetworkParts = {
  random: Random;
  tally: Tally;
  /** How often each fault of the network befalls a call; absent: never. */
  odds: Partial<Record<Fault, number>>;
  service: () => Reached | undefined;
  /** Lets time pass, in ms. */
  pass: (ms: number) => void;
  /** Lets others act while a call is under way. */
  meanwhile: (place: string) => Promise<void>;
  /** Something that no fault explains. */
  violated: (what: string) => void;
};

/** `place`: how many calls had been asked when it was sent. */
type Sent = { deliver: () => Promise<unknown>; name: string; place: number };

type Ask<R> = (reached: Reached, isCut: boolean) => Promise<R>;

/** ms after which a transport gives a call up. */
const DEADLINE_MS = 30_000;
/** Copies that are still under way at most. */
const MAX_LATE = 20;

const NETWORK_FAULTS = [
  "door missing",
  "service down",
  "request lost",
  "request late",
  "request twice",
  "answer lost",
  "answer cut",
  "upload cut",
] as const satisfies readonly Fault[];
type NetworkFault = (typeof NETWORK_FAULTS)[number];

/** Uploads that arrive cut, one after the other. */
const MOST_CUT = 2;

/** What a fault is counted as, where it is not just that. */
const COUNTED_AS: Readonly<Record<string, Partial<Record<NetworkFault, Fault>>>> = {
  createShare: { "answer lost": "create answer lost" },
  putBlob: {
    "request lost": "upload lost",
    "answer lost": "upload lost",
    "request twice": "upload twice",
    "request late": "upload twice",
  },
};

const unknown = (reason: string): ShareAnswer<never> => ({ outcome: "unknown", reason });

export class Network {
  /** Off: every call arrives and is answered. */
  isFaulty = true;
  readonly #parts: NetworkParts;
  #late: Sent[] = [];
  /** Calls that reached the service, or found it down. */
  #asked = 0;
  #cuts = 0;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** How a program reaches the service. */
  transport(life: Life): ShareTransport {
    return {
      call: (call) => life.of(this.#call(call)),
      putBlob: ({ shareId, secret, hash, bytes }) =>
        life.of(
          this.#send<null>("putBlob", async (reached, isCut) => {
            const length = isCut ? Math.floor(bytes.byteLength / 2) : bytes.byteLength;
            await reached.putBlob(shareId, secret, hash, bytes.slice(0, length));
            return null;
          }),
        ),
      close: () => undefined,
    };
  }

  /** A copy that was under way arrives now, wherever the service is by then. Waited for until it waits for another call, which may be the one that stands still meanwhile. */
  async deliverLate(): Promise<void> {
    const { random, tally } = this.#parts;
    if (this.#late.length === 0) return;
    const [sent] = this.#late.splice(random.int(0, this.#late.length - 1), 1);
    if (sent === undefined) return;
    if (this.#asked > sent.place) tally.add("request overtaken");
    await Promise.race([sent.deliver(), new Promise((resolve) => void setImmediate(resolve))]);
  }

  get isSomethingLate(): boolean {
    return this.#late.length > 0;
  }

  async #call<M extends ShareMethod>(call: ShareCall<M>): Promise<ShareAnswer<ShareResult<M>>> {
    const args: unknown = JSON.parse(JSON.stringify(call.args));
    return this.#send(call.method, async (reached) => {
      const result = await reached.call(call.method, call.shareId, call.secret, structuredClone(args));
      if (call.method === "appendOps" && (result as ShareResult<"appendOps">).rejected > 0)
        this.#parts.tally.add("operation refused for ever");
      return JSON.parse(JSON.stringify(result)) as ShareResult<M>;
    });
  }

  async #send<R>(name: string, ask: Ask<R>): Promise<ShareAnswer<R>> {
    const { random, tally, pass, meanwhile } = this.#parts;
    const fault = this.#draw(name);
    if (fault !== undefined) tally.add(COUNTED_AS[name]?.[fault] ?? fault);
    const deliver = () => this.#ask(name, (reached) => ask(reached, fault === "upload cut"));
    await meanwhile("request");
    pass(random.int(1, 200));
    switch (fault) {
      case "door missing":
        return { outcome: "missing", reason: "no such door" };
      case "service down":
        pass(random.int(1, 2_000));
        return unknown("connection refused");
      case "request lost":
        pass(DEADLINE_MS);
        return unknown("no answer in time");
      case "request late":
        this.#keep({ name, deliver, place: this.#asked });
        pass(DEADLINE_MS);
        return unknown("no answer in time");
      case "request twice":
        this.#keep({ name, deliver, place: this.#asked + 1 });
        break;
      default:
        break;
    }
    const answer = await deliver();
    await meanwhile("answer");
    pass(random.int(1, 200));
    if (fault === "answer lost") pass(DEADLINE_MS);
    if (fault === "answer lost" || fault === "answer cut") return unknown(fault);
    return answer;
  }

  async #ask<R>(name: string, ask: (reached: Reached) => Promise<R>): Promise<ShareAnswer<R>> {
    this.#asked += 1;
    const reached = this.#parts.service();
    if (reached === undefined) return unknown("connection refused");
    const asked = ask(reached).then(
      (result): ShareAnswer<R> => ({ outcome: "answered", result }),
      (error: unknown) => this.#refusal(name, error),
    );
    const died = reached.life.over.then(() => unknown("connection reset"));
    return Promise.race([asked, died]);
  }

  #refusal(name: string, error: unknown): ShareAnswer<never> {
    if (!isHoldfastError(error) || error.code === "INTERNAL") {
      this.#parts.violated(
        `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return unknown("internal error");
    }
    if (error.code === "WRITER_FENCED") this.#parts.tally.add("two writers");
    const data = JSON.parse(JSON.stringify(error.data ?? {})) as Record<string, unknown>;
    return { outcome: "refused", code: error.code as ErrorCode, data };
  }

  #draw(name: string): NetworkFault | undefined {
    const { random, odds } = this.#parts;
    if (!this.isFaulty) return undefined;
    const fault = NETWORK_FAULTS.find((one) => random.chance(odds[one] ?? 0));
    if (fault !== "upload cut") return fault;
    if (name !== "putBlob") return undefined;
    this.#cuts = this.#cuts >= MOST_CUT ? 0 : this.#cuts + 1;
    return this.#cuts === 0 ? undefined : fault;
  }

  #keep(sent: Sent): void {
    this.#late.push(sent);
    if (this.#late.length > MAX_LATE) this.#late.shift();
  }
}
