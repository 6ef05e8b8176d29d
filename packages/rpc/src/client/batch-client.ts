/** capnweb over one HTTP request, as a program wants it: a bounded answer, no redirects, a deadline. capnweb's own client has none of these. */
import { type Clock, wait } from "@holdfast/kernel";
import { RpcSession, type RpcStub, type RpcTransport } from "capnweb";
import { boundedText } from "./bounded-text.ts";
import { type ClientOptions, NoDoor } from "./no-door.ts";

/** Calls what `ask` asks of the main stub, in one request. Rejects with NoDoor, with what the call rejects with, or with why there is no whole answer. */
export async function callInBatch<Main, T>(
  { url, clock, deadlineMs, mostBytes }: ClientOptions,
  ask: (main: RpcStub<Main>) => PromiseLike<T>,
): Promise<T> {
  const transport = new BatchTransport();
  const main = new RpcSession<Main>(transport).getRemoteMain();
  const controller = new AbortController();
  const timer = clock.after(deadlineMs, () => controller.abort());
  try {
    const answer = Promise.resolve(ask(main));
    answer.catch(() => undefined);
    // Results are asked for a moment after the calls.
    await wait(clock as Clock, 0);
    transport.take(await post(url, transport.sent, controller.signal, mostBytes));
    return await answer;
  } finally {
    timer.cancel();
    main[Symbol.dispose]();
  }
}

class BatchTransport implements RpcTransport {
  readonly sent: string[] = [];
  readonly #answer = Promise.withResolvers<string[]>();

  send(text: string): void {
    this.sent.push(text);
  }

  take(texts: string[]): void {
    this.#answer.resolve(texts);
  }

  async receive(): Promise<string> {
    const next = (await this.#answer.promise).shift();
    if (next === undefined) throw new Error("The answer ended.");
    return next;
  }
}

async function post(
  url: URL,
  texts: readonly string[],
  signal: AbortSignal,
  most: number,
): Promise<string[]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "text/plain;charset=UTF-8" },
    body: texts.join("\n"),
    redirect: "manual",
    signal,
  });
  const text = await boundedText(response, most);
  if (text === undefined) throw new Error("too long");
  if (response.status !== 200) throw new NoDoor(response.status, text, response.headers.get("retry-after"));
  return text === "" ? [] : text.split("\n");
}
