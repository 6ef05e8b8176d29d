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

type Sent = { deliver: () => Promise<unknown>; name: string };

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
] as const satisfies readonly Fault[];

const unknown = (reason: string): ShareAnswer<never> => ({ outcome: "unknown", reason });

export class Network {
  /** Off: every call arrives and is answered. */
  isFaulty = true;
  readonly #parts: NetworkParts;
  #late: Sent[] = [];

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** How a program reaches the service. */
  transport(life: Life): ShareTransport {
    return {
      call: (call) => life.of(this.#call(call)),
      putBlob: ({ shareId, secret, hash, bytes }) =>
        life.of(
          this.#send<null>("putBlob", async (reached) => {
            await reached.putBlob(shareId, secret, hash, bytes);
            return null;
          }),
        ),
      close: () => undefined,
    };
  }

  /** A copy that was under way arrives now, wherever the service is by then. */
  async deliverLate(): Promise<void> {
    const { random } = this.#parts;
    if (this.#late.length === 0) return;
    const [sent] = this.#late.splice(random.int(0, this.#late.length - 1), 1);
    await sent?.deliver();
  }

  get isSomethingLate(): boolean {
    return this.#late.length > 0;
  }

  async #call<M extends ShareMethod>(call: ShareCall<M>): Promise<ShareAnswer<ShareResult<M>>> {
    const args: unknown = JSON.parse(JSON.stringify(call.args));
    return this.#send(call.method, async (reached) => {
      const result = await reached.call(call.method, call.shareId, call.secret, structuredClone(args));
      return JSON.parse(JSON.stringify(result)) as ShareResult<M>;
    });
  }

  async #send<R>(name: string, ask: (reached: Reached) => Promise<R>): Promise<ShareAnswer<R>> {
    const { random, tally, pass, meanwhile } = this.#parts;
    const fault = this.#draw();
    if (fault !== undefined)
      tally.add(name === "createShare" && fault === "answer lost" ? "create answer lost" : fault);
    const deliver = () => this.#ask(name, ask);
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
        this.#keep({ name, deliver });
        pass(DEADLINE_MS);
        return unknown("no answer in time");
      case "request twice":
        this.#keep({ name, deliver });
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
    const data = JSON.parse(JSON.stringify(error.data ?? {})) as Record<string, unknown>;
    return { outcome: "refused", code: error.code as ErrorCode, data };
  }

  #draw(): Fault | undefined {
    const { random, odds } = this.#parts;
    if (!this.isFaulty) return undefined;
    return NETWORK_FAULTS.find((fault) => random.chance(odds[fault] ?? 0));
  }

  #keep(sent: Sent): void {
    this.#late.push(sent);
    if (this.#late.length > MAX_LATE) this.#late.shift();
  }
}
