import { chainAfter } from "@holdfast/kernel";
import { type AppendOps, EMPTY_CHAIN, type ShareOperation } from "@holdfast/protocol";
import type { ShareAnswer, ShareCall, ShareTransport } from "../../src/outbox/index.ts";

type Place = { stream: string; cursor: number; chain: string };

/** A service that believes everything, and keeps every byte that reached it. */
export class RecordingService implements ShareTransport {
  /** Bodies of all calls and blobs, in the order they came. */
  readonly heard: string[] = [];
  readonly operations: ShareOperation[] = [];
  readonly uploaded: string[] = [];
  readonly methods: string[] = [];
  #storeId = "one";
  #isHidden = false;
  #live: Place | undefined;
  #staged: Place | undefined;

  call<M extends ShareCall["method"]>(call: ShareCall<M>): Promise<ShareAnswer<never>> {
    this.heard.push(JSON.stringify(call.args));
    this.methods.push(call.method);
    return Promise.resolve({ outcome: "answered", result: this.#result(call) as never });
  }

  /** Knows nothing of its streams any more, as one that was restored from before they began; contents are still there. */
  forgetStreams(): void {
    this.#live = undefined;
    this.#staged = undefined;
  }

  /** Brought back from a copy: another store, which hides the share until it is confirmed. */
  restore(): void {
    this.#storeId = "restored";
    this.#isHidden = true;
  }

  putBlob({ hash, bytes }: Parameters<ShareTransport["putBlob"]>[0]): Promise<ShareAnswer<null>> {
    this.uploaded.push(hash);
    this.heard.push(Buffer.from(bytes).toString("utf8"));
    return Promise.resolve({ outcome: "answered", result: null });
  }

  close(): void {}

  /** Operations of one part. */
  of(partId: string): ShareOperation[] {
    return this.operations.filter(({ key }) => key === `part:${partId}`);
  }

  #result({ method, args }: ShareCall): unknown {
    const time = 1;
    switch (method) {
      case "createShare":
        return { share: { state: "live" } };
      case "hello": {
        const places = { live: this.#live, staged: this.#staged };
        const state = this.#isHidden ? "hidden" : "live";
        return { storeId: this.#storeId, state, capabilityEpoch: 1, writerEpoch: 0, ...places, time };
      }
      case "confirmShare":
        this.#isHidden = false;
        return {};
      case "openWriter":
        return { writerEpoch: 1 };
      case "beginStream":
        this.#staged = { stream: (args as { stream: string }).stream, cursor: 0, chain: EMPTY_CHAIN };
        return this.#staged;
      case "commitStream":
        this.#live = this.#staged;
        this.#staged = undefined;
        return this.#live;
      case "appendOps":
        return this.#append(args as AppendOps);
      default:
        return {};
    }
  }

  #append({ ops }: AppendOps): unknown {
    const place = this.#staged ?? this.#live;
    if (place === undefined) throw new Error("No stream was begun.");
    for (const { opId, payloadHash, seq } of ops) {
      place.chain = chainAfter(place.chain, opId, payloadHash);
      place.cursor = seq;
    }
    this.operations.push(...ops);
    const results = ops.map(({ opId, seq }) => ({ opId, seq, outcome: "applied" }));
    const { cursor, chain } = place;
    return { cursor, chain, applied: ops.length, duplicates: 0, rejected: 0, results, time: 1 };
  }
}
