import { HoldfastError } from "@holdfast/kernel";
import type {
  AccessCode,
  RefLink,
  ShareArgs,
  ShareId,
  ShareLink,
  ShareListLink,
  ShareMethod,
  ShareResult,
} from "@holdfast/protocol";
import type { ShareAnswer, ShareTransport } from "../outbox/index.ts";
import type { HeldRef } from "../store/index.ts";

/** The share service beside this server. */
export type OwnService = {
  readonly key: string;
  isOwn(origin: string): boolean;
  origin(): Promise<string>;
};

export type ShareServicesDeps = {
  /** A service elsewhere, and the key that it takes shares with. */
  configured?: { origin: string; key: string | undefined } | undefined;
  own?: OwnService | undefined;
  /** A way to a service at an origin. */
  open: (origin: string) => ShareTransport;
  /** Asks it for a code that opens the list of a key's shares. */
  askListCode: (origin: string, key: string) => Promise<ShareAnswer<AccessCode>>;
};

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The services that this server may speak to, the ways there, and the links to them (S-2). */
export class ShareServices {
  readonly #deps: ShareServicesDeps;
  readonly #open = new Map<string, ShareTransport>();

  constructor(deps: ShareServicesDeps) {
    this.#deps = deps;
  }

  /** The origin of the service that is asked for, else of the default one. Rejects UNPROCESSABLE for one that cannot be shared with. */
  async choose(asked: string | undefined): Promise<string> {
    const { configured, own } = this.#deps;
    const chosen = asked ?? configured?.origin;
    if (chosen === undefined) {
      if (own !== undefined) return own.origin();
      throw new HoldfastError("UNPROCESSABLE", "No share service is known. Set HOLDFAST_SHARE_SERVICE.");
    }
    const origin = originOf(chosen);
    this.requireKey(origin);
    return origin;
  }

  /** A key goes to the service that it is of, and to no other. */
  publishKey(origin: string): string | undefined {
    const { configured, own } = this.#deps;
    if (own?.isOwn(origin) === true) return own.key;
    return configured?.origin === origin ? configured.key : undefined;
  }

  /** Rejects UNPROCESSABLE where this server has no key of the service. */
  requireKey(origin: string): string {
    const key = this.publishKey(origin);
    if (key !== undefined) return key;
    throw new HoldfastError(
      "UNPROCESSABLE",
      `There is no publish key for ${origin}. Set HOLDFAST_SHARE_SERVICE and HOLDFAST_SHARE_KEY.`,
    );
  }

  /** Asks a service something now. Rejects SERVICE_UNAVAILABLE while it cannot be reached, and what it says of a share or a ref that it no longer takes. */
  async ask<M extends ShareMethod>(
    service: string,
    method: M,
    call: { shareId?: ShareId; secret: string; args: ShareArgs<M> },
  ): Promise<ShareResult<M>> {
    return given(service, await this.transport(service).call({ method, ...call }));
  }

  /** Where all shares of this server's key at a service are listed: it opens once, within a minute (S-35). */
  async listLink(asked: string | undefined): Promise<ShareListLink> {
    const service = await this.choose(asked);
    const secret = this.requireKey(service);
    const { origin, isLocal } = await this.#place(service);
    const { code, expiresAt } = given(service, await this.#deps.askListCode(origin, secret));
    return { url: `${origin}/#code=${code}`, isLocal, expiresAt };
  }

  transport(origin: string): ShareTransport {
    const known = this.#open.get(origin);
    if (known !== undefined) return known;
    const { own, open } = this.#deps;
    const made = own?.isOwn(origin) === true ? following(own, (now) => this.#at(now, open)) : open(origin);
    this.#open.set(origin, made);
    return made;
  }

  /** The way to where our own service listens now. */
  #at(origin: string, open: ShareServicesDeps["open"]): ShareTransport {
    const name = `own ${origin}`;
    const known = this.#open.get(name) ?? open(origin);
    this.#open.set(name, known);
    return known;
  }

  async link(service: string, { secret }: Pick<HeldRef, "secret">): Promise<ShareLink> {
    const { base, local } = await this.refLink(service, true);
    return { url: base + secret, isLocal: local };
  }

  /** Where a ref is opened. Read links stand in the path; whatever allows more stands behind the `#`, which no server is told (S-12). */
  async refLink(service: string, isRead: boolean): Promise<RefLink> {
    const { origin, isLocal } = await this.#place(service);
    return { base: isRead ? `${origin}/s/` : `${origin}/l#`, local: isLocal };
  }

  /** Our own service is where it listens now. */
  async #place(service: string): Promise<{ origin: string; isLocal: boolean }> {
    const { own } = this.#deps;
    const origin = own?.isOwn(service) === true ? await own.origin().catch(() => service) : service;
    return { origin, isLocal: LOOPBACK.test(new URL(origin).hostname) };
  }

  close(): void {
    for (const transport of this.#open.values()) transport.close();
    this.#open.clear();
  }
}

/** https, or http on this machine (S-2); without a path, a user or a password. */
export function originOf(address: string): string {
  const url = URL.parse(address);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (url === null || !isSafe || url.username !== "" || url.password !== "")
    throw new HoldfastError(
      "UNPROCESSABLE",
      "A share service is reached by https, or by http on this machine alone.",
    );
  return url.origin;
}

/** Our own service may come up at another port: each call goes where it listens. */
function following(own: OwnService, at: (origin: string) => ShareTransport): ShareTransport {
  const there = async <R>(call: (transport: ShareTransport) => Promise<R>): Promise<R | NotUp> => {
    try {
      return await call(at(await own.origin()));
    } catch {
      return { outcome: "unknown", reason: "not started" };
    }
  };
  return {
    call: (call) => there((transport) => transport.call(call)),
    putBlob: (blob) => there((transport) => transport.putBlob(blob)),
    close: () => undefined,
  };
}

function given<R>(service: string, answer: ShareAnswer<R>): R {
  if (answer.outcome === "answered") return answer.result;
  if (answer.outcome === "refused" && (answer.code === "SHARE_GONE" || answer.code === "REF_NOT_VALID"))
    throw new HoldfastError(answer.code, `The share service at ${service} does not accept this.`);
  throw new HoldfastError("SERVICE_UNAVAILABLE", `The share service at ${service} cannot answer now.`);
}

type NotUp = { outcome: "unknown"; reason: string };
