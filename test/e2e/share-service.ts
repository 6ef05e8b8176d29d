/** A real share service with its pages, in this process, and a publisher of one session who speaks to it over HTTP as any publisher does (S-6). */
import { join } from "node:path";
import {
  chainAfter,
  newId,
  newRefSecret,
  payloadHash,
  secretHash,
  silentLogger,
  systemClock,
} from "@holdfast/kernel";
import { EMPTY_CHAIN, keyOf, type OperationType, type Right, type ShareOperation } from "@holdfast/protocol";
import { composeShares, openShareStore } from "@holdfast/share";
import { temporaryDirectory } from "../harness/index.ts";

const KEY = "publish-key-".padEnd(40, "k");
const PAGES = join(import.meta.dirname, "../../packages/web/dist/share");

export type Row = { type: OperationType; payload: Record<string, unknown> };

export class ShareService implements AsyncDisposable {
  readonly url: string;
  readonly key = KEY;
  readonly #close: () => Promise<void>;

  constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<ShareService> {
    const directory = await temporaryDirectory("share-service");
    const store = await openShareStore({ directory: directory.path, clock: systemClock });
    const config = {
      host: "127.0.0.1",
      port: 0,
      keys: [KEY],
      allowedHosts: [],
      behindProxy: false,
      insecureHttp: false,
      quotaBytes: undefined,
    };
    const facts = { config, store, clock: systemClock, logger: silentLogger, pageDirectory: PAGES };
    const server = composeShares(facts);
    const { url } = await server.start();
    return new ShareService(url, async () => {
      await server.stop();
      await store.close();
      await directory[Symbol.asyncDispose]();
    });
  }

  async send<T>(method: string, path: string, bearer: string, body?: unknown): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** The publisher of one share. */
export class Publisher {
  readonly shareId = newId("shr");
  readonly #service: ShareService;
  readonly #owner = newRef();
  readonly #append = newRef();
  readonly #stream = newId("stm");
  #epochs = { writerEpoch: 0, capabilityEpoch: 1 };
  #cursor = 0;
  #chain = EMPTY_CHAIN;

  constructor(service: ShareService) {
    this.#service = service;
  }

  /** Makes the share, and shows these rows. */
  async publish(rows: readonly Row[]): Promise<void> {
    const { shareId } = this;
    await this.#service.send("POST", "/api/shares", KEY, {
      shareId,
      title: "A session",
      owner: hashOf(this.#owner),
      append: hashOf(this.#append),
    });
    const opened = await this.#call<{ writerEpoch: number }>("POST", "writer", {
      publisher: newId("pub"),
      nonce: secretHash(newId("pub")),
      earlier: [],
    });
    this.#epochs = { ...this.#epochs, writerEpoch: opened.writerEpoch };
    const stream = { stream: this.#stream, ...this.#epochs };
    await this.#call("POST", "streams", stream);
    await this.append(rows);
    await this.#call("POST", "streams/commit", { ...stream, cursor: this.#cursor, chain: this.#chain });
  }

  async append(rows: readonly Row[]): Promise<void> {
    const batchId = newId("bat");
    const ops = rows.map(({ type, payload }, index): ShareOperation => ({
      opId: newId("sop"),
      batchId,
      seq: this.#cursor + index + 1,
      type,
      key: keyOf(type, payload),
      dependsOn: [],
      payload,
      payloadHash: payloadHash(payload),
    }));
    const answer = await this.#call<{ rejected: number }>("POST", "ops", {
      stream: this.#stream,
      ...this.#epochs,
      expectedCursor: this.#cursor,
      previousChain: this.#chain,
      acknowledged: this.#cursor,
      batchId,
      ops,
    });
    if (answer.rejected > 0) throw new Error(`A row was rejected: ${JSON.stringify(answer)}`);
    for (const op of ops) this.#chain = chainAfter(this.#chain, op.opId, op.payloadHash);
    this.#cursor += ops.length;
  }

  /** The secret of a ref below the owner's. */
  async ref(rights: readonly Right[], label = ""): Promise<string> {
    const ref = newRef();
    const asked = { ...hashOf(ref), rights, caveats: {}, label };
    await this.#service.send("POST", `/api/shares/${this.shareId}/refs`, this.#owner.secret, asked);
    return ref.secret;
  }

  async revoke(): Promise<void> {
    await this.#service.send("DELETE", `/api/shares/${this.shareId}`, this.#owner.secret, {});
  }

  #call<T>(method: string, path: string, body: unknown): Promise<T> {
    return this.#service.send(method, `/api/shares/${this.shareId}/${path}`, this.#append.secret, body);
  }
}

function newRef() {
  const secret = newRefSecret();
  return { refId: newId("ref"), secret };
}

const hashOf = ({ refId, secret }: ReturnType<typeof newRef>) => ({ refId, secretHash: secretHash(secret) });
