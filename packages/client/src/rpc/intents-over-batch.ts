/** capnweb over one HTTP request: a group of calls is its body, and the answer holds what became of all of them. */
import { RpcSession, type RpcTransport } from "capnweb";
import { delay } from "../delay.ts";
import { HoldfastConnectionError, isPassing } from "../error.ts";
import { type IntentTransport, NoWayError } from "../intent.ts";
import { intentsOverHttp } from "../intents-over-http.ts";
import { refusal, TRANSPORT_LIMITS, type TransportConfig } from "../transport.ts";
import { rpcAddress } from "./rpc-address.ts";
import { type RefStub, sendGroup } from "./send-group.ts";

type Main = Disposable & { redeem(secret: string): RefStub };

/**
 * Calls of a ref as one request of capnweb for a group (S-27). `token` is the ref's secret. What is too long for the server's door goes as a request of its own; a server without the door is no way
 * (NoWayError).
 */
export function intentsOverBatch(config: TransportConfig): IntentTransport {
  const rest = intentsOverHttp(config);
  const { token = "" } = config;
  return {
    send: (group, context) =>
      sendGroup(group, context, {
        rest,
        async ask(make, signal) {
          const transport = new OneRequest((body) => post(config, body, signal));
          const main = new RpcSession(transport).getRemoteMain() as unknown as Main;
          try {
            return await Promise.allSettled(make(main.redeem(token)));
          } finally {
            main[Symbol.dispose]();
          }
        },
      }),
  };
}

/** Sends what was said in the first tick, and hears the lines of the answer. */
class OneRequest implements RpcTransport {
  readonly #said: string[] = [];
  readonly #heard: Promise<string[]>;

  constructor(send: (body: string) => Promise<string>) {
    this.#heard = delay(0)
      .then(() => send(this.#said.join("\n")))
      .then((text) => text.split("\n").filter((line) => line !== ""));
    this.#heard.catch(() => undefined);
  }

  send(text: string): void {
    this.#said.push(text);
  }

  async receive(): Promise<string> {
    const next = (await this.#heard).shift();
    if (next === undefined)
      throw new HoldfastConnectionError("The answer ended before all calls had theirs.");
    return next;
  }
}

/** Rejects with HoldfastConnectionError, HoldfastApiError where the same may succeed later, and NoWayError where this door does not take it. */
async function post(
  { url, fetch: send = fetch, limits }: TransportConfig,
  body: string,
  signal: AbortSignal,
): Promise<string> {
  const { requestTimeoutMs } = { ...TRANSPORT_LIMITS, ...limits };
  const init = {
    method: "POST",
    headers: { "content-type": "text/plain;charset=UTF-8" },
    body,
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  } as const;
  let [response, text]: [Response | undefined, string] = [undefined, ""];
  try {
    response = await send(rpcAddress(url), init);
    text = await response.text();
  } catch (error) {
    throw new HoldfastConnectionError(`No answer from ${url}.`, error);
  }
  if (response.status === 200) return text;
  const refused = refusal(response, text);
  if (isPassing(refused)) throw refused;
  throw new NoWayError(`The server takes no such calls over HTTP: ${refused.message}`, refused);
}
