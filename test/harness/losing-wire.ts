/** A wire between a client and a server that notes what the client says, and can lose what the server answers. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const HANDSHAKE = /^HTTP\/1\.1 101 [\s\S]*?\r\n\r\n/;

/** Of one connection, which may be used again: what came, how much of it was taken, and when what was not taken began to come. */
type Said = { chunks: Buffer[]; taken: number; since: number | undefined };

export class LosingWire implements AsyncDisposable {
  /**
   * While it is there, nobody gets an answer: its connection ends, and this is called. That a WebSocket comes about is no answer yet.
   */
  loses: (() => void) | undefined;
  readonly #said: Said[] = [];
  #heard = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => this.#join(near));
  #target: URL | undefined;

  get url(): string {
    return `http://${this.host}`;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  leadTo(url: string): void {
    this.#target = new URL(url);
  }

  /** What was said on each connection since the last time, in the order in which they began: requests, or the texts of a WebSocket. */
  takeSaid(): string[][] {
    const fresh = this.#said
      .filter(({ since }) => since !== undefined)
      .toSorted((one, other) => (one.since ?? 0) - (other.since ?? 0));
    return fresh
      .map((said) => {
        const messages = messagesIn(Buffer.concat(said.chunks)).slice(said.taken);
        said.taken += messages.length;
        said.since = undefined;
        return messages;
      })
      .filter((messages) => messages.length > 0);
  }

  #join(near: Socket): void {
    if (this.#target === undefined) return void near.destroy();
    const far = connect(Number(this.#target.port), this.#target.hostname);
    const said: Said = { chunks: [], taken: 0, since: undefined };
    this.#said.push(said);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    near
      .on("data", (bytes: Buffer) => {
        said.since ??= this.#heard += 1;
        said.chunks.push(bytes);
        far.write(bytes);
      })
      .on("close", () => far.destroy())
      .on("error", () => far.destroy());
    far
      .on("data", (bytes: Buffer) => {
        const { loses } = this;
        const through = loses === undefined ? bytes : handshakeOf(bytes);
        if (through.length > 0) near.write(through);
        if (through.length === bytes.length) return;
        near.destroy();
        loses?.();
      })
      .on("close", () => near.destroy())
      .on("error", () => near.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export async function openLosingWire(): Promise<LosingWire> {
  const wire = new LosingWire();
  await wire.listen();
  return wire;
}

const handshakeOf = (bytes: Buffer): Buffer =>
  bytes.subarray(0, HANDSHAKE.exec(bytes.toString("latin1"))?.[0].length ?? 0);

/** Whole messages alone: what was cut is left out. */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const head = bytes.toString("latin1", at, end);
    if (/^upgrade: websocket/im.test(head)) return [...messages, ...textsIn(bytes.subarray(end + 4))];
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (bytes.length < end + 4 + length) break;
    const line = head.slice(0, head.indexOf(" HTTP/"));
    const key = /^idempotency-key: (.*)$/im.exec(head)?.[1] ?? "";
    messages.push([line, key.trim(), bytes.toString("utf8", end + 4, end + 4 + length)].join("\n"));
    at = end + 4 + length;
  }
  return messages;
}

/** Texts of a client's frames, none of them in pieces. That capnweb lets go of a result is left out: it says so at any time, and asks for nothing. */
function textsIn(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
    const short = second & 0x7f;
    const size = short === 126 ? 2 : short === 127 ? 8 : 0;
    const from = at + 2 + size + 4;
    if (from > bytes.length) break;
    const length =
      size === 0 ? short : size === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (from + length > bytes.length) break;
    const mask = bytes.subarray(from - 4, from);
    const text = bytes.subarray(from, from + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    if ((first & 0x0f) === 1) texts.push(Buffer.from(text).toString("utf8"));
    at = from + length;
  }
  return texts.filter((text) => !text.startsWith('["release",'));
}
