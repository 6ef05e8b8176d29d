import { chainAfter, newId, newRefSecret, payloadHash, randomHex, secretHash } from "@holdfast/kernel";
import {
  type AppendOps,
  EMPTY_CHAIN,
  keyOf,
  type OperationType,
  type ShareArgs,
  SHARE_METHODS,
  type ShareMethod,
  type ShareResult,
} from "@holdfast/protocol";

const held = () => {
  const secret = newRefSecret();
  return { secret, hashed: { refId: newId("ref"), secretHash: secretHash(secret) } };
};

/** Somebody who shares a session over REST, an operation at a time: one text that grows by the same words again and again. */
export class ShareAuthor {
  readonly shareId = newId("shr");
  readonly link = held();
  readonly #owner = held();
  readonly #append = held();
  readonly #messageId = newId("msg");
  readonly #partId = newId("prt");
  readonly #stream = newId("stm");
  readonly #origin: string;
  #cursor = 0;
  #chain = EMPTY_CHAIN;
  #length = 0;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Makes the share at the service, with a link to read it. */
  async open(key: string): Promise<void> {
    const { shareId } = this;
    const [owner, append] = [this.#owner.hashed, this.#append.hashed];
    await this.#call("createShare", key, { shareId, title: "A session", owner, append });
    const { hashed } = this.link;
    await this.#call("attenuate", this.#owner.secret, {
      ...hashed,
      rights: ["read"],
      caveats: {},
      label: "",
    });
    const nonce = randomHex(32);
    await this.#call("openWriter", this.#append.secret, { publisher: newId("pub"), nonce, earlier: [] });
    const place = { stream: this.#stream, writerEpoch: 1, capabilityEpoch: 1 };
    await this.#call("beginStream", this.#append.secret, place);
    const time = { created: 1 };
    await this.send("message.updated", {
      message: { id: this.#messageId, ordinal: 0, agent: "rehearsal", role: "user", time },
    });
    const [id, messageId] = [this.#partId, this.#messageId];
    await this.send("message.part.updated", { part: { id, messageId, ordinal: 0, type: "text", text: "" } });
    const [cursor, chain] = [this.#cursor, this.#chain];
    await this.#call("commitStream", this.#append.secret, { ...place, cursor, chain });
  }

  /** One event for whoever watches. */
  grow(text: string): Promise<void> {
    const [messageId, partId, offset] = [this.#messageId, this.#partId, this.#length];
    this.#length += text.length;
    return this.send("message.part.delta", { messageId, partId, field: "text", offset, text });
  }

  async send(type: OperationType, payload: Record<string, unknown>): Promise<void> {
    const hash = payloadHash(payload);
    const batchId = newId("bat");
    const [opId, seq] = [newId("sop"), this.#cursor + 1];
    const key = keyOf(type, payload);
    const args: AppendOps = {
      stream: this.#stream,
      writerEpoch: 1,
      capabilityEpoch: 1,
      expectedCursor: this.#cursor,
      previousChain: this.#chain,
      acknowledged: this.#cursor,
      batchId,
      ops: [{ opId, batchId, seq, type, key, dependsOn: [], payload, payloadHash: hash }],
    };
    this.#cursor = seq;
    this.#chain = chainAfter(this.#chain, opId, hash);
    await this.#call("appendOps", this.#append.secret, args);
  }

  async #call<M extends ShareMethod>(method: M, secret: string, args: ShareArgs<M>): Promise<ShareResult<M>> {
    const [verb = "", path = ""] = SHARE_METHODS[method].http.split(" ");
    const response = await fetch(`${this.#origin}${path.replace(":shareId", this.shareId)}`, {
      method: verb,
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify(args),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} was answered with ${response.status}: ${text}`);
    return JSON.parse(text) as ShareResult<M>;
  }
}
