import { HoldfastError } from "@holdfast/kernel";
import type { ShareLink } from "@holdfast/protocol";
import type { ShareTransport } from "../outbox/index.ts";
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
    if (this.publishKey(origin) === undefined)
      throw new HoldfastError(
        "UNPROCESSABLE",
        `There is no publish key for ${origin}. Set HOLDFAST_SHARE_SERVICE and HOLDFAST_SHARE_KEY.`,
      );
    return origin;
  }

  /** A key goes to the service that it is of, and to no other. */
  publishKey(origin: string): string | undefined {
    const { configured, own } = this.#deps;
    if (own?.isOwn(origin) === true) return own.key;
    return configured?.origin === origin ? configured.key : undefined;
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

  /** Read links stand in the path; whatever allows more stands behind the `#`, which no server is told (S-12). */
  async link(service: string, { secret }: Pick<HeldRef, "secret">, isRead: boolean): Promise<ShareLink> {
    const { own } = this.#deps;
    const origin = own?.isOwn(service) === true ? await own.origin().catch(() => service) : service;
    const url = isRead ? `${origin}/s/${secret}` : `${origin}/l#${secret}`;
    return { url, isLocal: LOOPBACK.test(new URL(origin).hostname) };
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
    name: "rest",
    call: (call) => there((transport) => transport.call(call)),
    putBlob: (blob) => there((transport) => transport.putBlob(blob)),
    close: () => undefined,
  };
}

type NotUp = { outcome: "unknown"; reason: string };
