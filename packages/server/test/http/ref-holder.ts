import type { CreatedRef, CreateRef, Grant, Right, SessionId } from "@holdfast/protocol";
import type { ServerUnderTest } from "./server-under-test.ts";

export type Answer<T = Record<string, unknown>> = { status: number; body: T; headers: Headers };

/** The body of an input that says this. */
export const text = (words: string) => ({ parts: [{ type: "text", text: words }] });

/** What tests of refs do with a session: make refs, and act as whoever holds one. */
export class RefHolders {
  readonly #server: () => ServerUnderTest;
  readonly #id: () => SessionId;

  constructor(server: () => ServerUnderTest, id: () => SessionId) {
    this.#server = server;
    this.#id = id;
  }

  make = async (
    rights: Right[],
    more: Partial<Omit<CreateRef, "target">> = {},
  ): Promise<CreatedRef & { secret: string }> => {
    const body = { target: { kind: "session", id: this.#id() }, rights, ...more };
    const made = await this.#server().call<CreatedRef>("POST", "/api/refs", body, 201);
    if (made.secret === undefined) throw new Error("No secret was shown.");
    return { ...made, secret: made.secret };
  };

  revoke = (ref: Grant): Promise<unknown> =>
    this.#server().call("POST", `/api/refs/${ref.id}/revoke`, {}, 200);

  inputs = (): string => `/api/sessions/${this.#id()}/inputs`;

  /** A request with the secret of a ref; a status that is no success is an answer too. */
  as = async <T = Record<string, unknown>>(
    secret: string,
    method: string,
    path: string,
    json?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => {
    const response = await this.#server().fetch(path, {
      method,
      headers: { authorization: `Bearer ${secret}`, ...headers },
      ...(json === undefined ? {} : { json }),
    });
    const said = await response.text();
    const body = (said === "" ? undefined : JSON.parse(said)) as T;
    return { status: response.status, body, headers: response.headers };
  };
}
