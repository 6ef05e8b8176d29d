/**
 * The pages of the share service (S-12, S-35), beside its API: what a person opens, and what these pages alone ask for.
 *
 *   GET /s/<secret>               a read link: the session as a document, which its script takes over
 *   GET /s/<secret>?before=P      an older page of it;  ?blob=<hash>  a file of it, to be saved
 *   GET /l                        a stronger ref, which stands in the fragment and is never sent here but as a bearer
 *   GET /                         the list of shares, opened by a one-time code in the fragment
 *   POST /api/auth/codes          Bearer publish key  -> 201 {code, expiresAt}
 *   POST /api/auth/browser        {code}              -> {token}
 *   GET /api/listing              Bearer that token   -> the shares of the key
 *
 * The grant is looked at for every request, also where a document is there already. No path of these is ever logged.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  bearerOf,
  readJson,
  type Reply,
  SANDBOX_POLICY,
  send,
  sendProblem,
  shapeRefusal,
} from "@holdfast/edge";
import { type Clock, HoldfastError, isHoldfastError, type Logger } from "@holdfast/kernel";
import { type ErrorCode, exchangeCodeSchema, type RedeemedShare, SHARE_METHODS } from "@holdfast/protocol";
import type { PageRequest } from "@holdfast/web";
import type { ShareCaller, ShareCalls, Snapshots } from "../service/index.ts";
import { DocumentCache } from "./document-cache.ts";
import { ListCodes } from "./list-codes.ts";
import { pageFilesOf, type PageFiles } from "./page-files.ts";
import { Renderer } from "./renderer.ts";
import { sessionRequest } from "./session-request.ts";

export type PagesDeps = {
  service: Pick<ShareCalls, "call" | "redeemLink" | "getBlob">;
  snapshots: Pick<Snapshots, "read" | "keep">;
  /** The caller's address, through a proxy where one is declared. */
  addressOf: (incoming: IncomingMessage) => string;
  clock: Clock;
  logger: Logger;
  /** Where `web` built them; without it there are no pages, and their API alone is answered. */
  directory?: string | undefined;
};

export type Pages = {
  /** Whether a request target is theirs. */
  takes(target: string): boolean;
  /** Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  close(): Promise<void>;
};

/** Of every page: what no cache and no search engine may keep (S-12). */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "x-robots-tag": "noindex, nofollow",
};

/** Paths of theirs. */
const PLACES = /^\/(?:$|l$|s\/|assets\/|icon\.svg$|api\/auth\/(?:codes|browser)$|api\/listing$)/;

/** Codes that say that a link leads to nothing. */
const GONE: ReadonlySet<ErrorCode> = new Set(["REF_NOT_VALID", "NOT_FOUND", "INVALID_REQUEST", "FORBIDDEN"]);

export function createPages(deps: PagesDeps): Pages {
  const files = deps.directory === undefined ? undefined : pageFilesOf(deps.directory);
  const api = pageApi(deps);
  const site = files === undefined ? undefined : new Site(deps, files);
  const reply = async (incoming: IncomingMessage): Promise<Reply> => {
    const url = new URL(`http://local${incoming.url ?? "/"}`);
    const peer = deps.addressOf(incoming);
    const isRead = incoming.method === "GET" || incoming.method === "HEAD";
    const given = (await api(incoming, url, peer)) ?? (isRead ? await site?.answer(url, peer) : undefined);
    if (given === undefined) throw new HoldfastError("NOT_FOUND", "Nothing is served at this path.");
    return given;
  };
  return {
    takes: (target) => PLACES.test(new URL(`http://local${target}`).pathname),
    async answer(incoming, outgoing) {
      try {
        send(outgoing, await reply(incoming));
      } catch (error) {
        sendProblem(deps.logger, outgoing, error);
      }
    },
    close: () => site?.close() ?? Promise.resolve(),
  };
}

/** What the pages ask for, and nobody else. */
function pageApi({ service, clock }: PagesDeps) {
  const codes = new ListCodes(clock);
  const { args: listArgs } = SHARE_METHODS.listShares;
  return async (incoming: IncomingMessage, url: URL, peer: string): Promise<Reply | undefined> => {
    const caller: ShareCaller = { bearer: bearerOf(incoming.headers.authorization), peer };
    switch (`${incoming.method} ${url.pathname}`) {
      case "POST /api/auth/codes":
        await readJson(incoming, clock);
        await service.call("listShares", { args: { limit: 1 }, caller });
        return { status: 201, body: codes.make(caller.bearer ?? "") };
      case "POST /api/auth/browser": {
        const parsed = exchangeCodeSchema.safeParse(await readJson(incoming, clock));
        if (!parsed.success) throw shapeRefusal(parsed.error, "body");
        return { status: 200, body: codes.exchange(parsed.data.code) };
      }
      case "GET /api/listing": {
        const bearer = codes.keyOf(caller.bearer);
        const { limit, ...rest } = Object.fromEntries(url.searchParams);
        const args = listArgs.safeParse({
          ...rest,
          ...(limit === undefined ? {} : { limit: Number(limit) }),
        });
        if (!args.success) throw shapeRefusal(args.error, "query");
        return {
          status: 200,
          body: await service.call("listShares", { args: args.data, caller: { bearer, peer } }),
        };
      }
      default:
        return undefined;
    }
  };
}

class Site {
  readonly #service: PagesDeps["service"];
  readonly #snapshots: PagesDeps["snapshots"];
  readonly #logger: Logger;
  readonly #files: PageFiles;
  readonly #renderer: Renderer;
  readonly #cache = new DocumentCache();

  constructor({ service, snapshots, clock, logger }: PagesDeps, files: PageFiles) {
    this.#service = service;
    this.#snapshots = snapshots;
    this.#logger = logger;
    this.#files = files;
    this.#renderer = new Renderer(clock, files.renderer);
  }

  close(): Promise<void> {
    return this.#renderer.close();
  }

  async answer(url: URL, peer: string): Promise<Reply | undefined> {
    const file = this.#files.read(url.pathname);
    if (file !== undefined) {
      const caching = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
      return {
        status: 200,
        bytes: file.bytes,
        headers: { "content-type": file.mime, "cache-control": caching },
      };
    }
    if (url.pathname === "/") return this.#page(200, "list");
    if (url.pathname === "/l") return this.#page(200, "ref");
    const secret = /^\/s\/([^/]+)$/.exec(url.pathname)?.[1];
    if (secret === undefined) return undefined;
    try {
      return await this.#link({ bearer: decoded(secret), peer }, url.searchParams);
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      if (GONE.has(error.code)) return this.#page(404, "gone");
      if (error.code === "RATE_LIMITED" || error.status >= 500) return this.#page(error.status, "busy");
      throw error;
    }
  }

  /** A link of this kind only reads: a stronger ref in a path would stand in the histories and logs of others (S-12). */
  async #link(caller: ShareCaller, query: URLSearchParams): Promise<Reply> {
    const redeemed = await this.#service.redeemLink(caller);
    if (redeemed.rights.some((right) => right !== "read")) return this.#page(404, "gone");
    const blob = query.get("blob");
    if (blob !== null) return this.#blob(redeemed, caller, blob);
    const { shareId } = redeemed;
    const shared = await this.#service.call("readSession", { shareId, args: {}, caller });
    const before = query.get("before") ?? undefined;
    const place = `${shareId} ${before ?? ""}`;
    const state = `${shared.seq} ${shared.expiresAt ?? ""} ${this.#files.version}`;
    const snapshot = { shareId, seq: shared.seq, state };
    // A session that works is another one with the next look.
    const isAtRest = before === undefined && shared.session?.status === "idle";
    const kept =
      this.#cache.get(place, state) ?? (isAtRest ? await this.#snapshots.read(snapshot) : undefined);
    if (kept !== undefined) {
      this.#cache.put(place, state, kept);
      return html(200, kept);
    }
    const request = await sessionRequest(this.#service, { shared, before, caller }, this.#files.assets);
    const rendered = await this.#renderer.render(request);
    if ("document" in rendered) {
      this.#cache.put(place, state, rendered.document);
      if (isAtRest) void this.#snapshots.keep(snapshot, rendered.document);
      return html(200, rendered.document);
    }
    this.#logger.warn({ shareId, gaveUp: rendered.gaveUp }, "a shared session was not written as a document");
    if (rendered.gaveUp === "busy") return this.#page(503, "busy");
    return this.#render(200, { page: "tooLong", shareId, assets: this.#files.assets });
  }

  /** To be saved and never shown in the origin of this service, whatever it says it is (I-6). */
  async #blob({ shareId }: RedeemedShare, caller: ShareCaller, hash: string): Promise<Reply> {
    const { bytes } = await this.#service.getBlob({ shareId, hash, caller });
    return {
      status: 200,
      bytes,
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": "attachment",
        "content-security-policy": SANDBOX_POLICY,
        "cache-control": "no-store",
        "x-robots-tag": "noindex, nofollow",
      },
    };
  }

  #page(status: number, page: "list" | "ref" | "gone" | "busy"): Promise<Reply> {
    return this.#render(status, { page, assets: this.#files.assets });
  }

  /** One of the pages that are the same for everybody. */
  async #render(status: number, request: PageRequest): Promise<Reply> {
    const shareId = "shareId" in request ? request.shareId : "";
    const place = `${request.page} ${shareId}`;
    const kept = this.#cache.get(place, "");
    if (kept !== undefined) return html(status, kept);
    const rendered = await this.#renderer.render(request);
    if (!("document" in rendered))
      throw new HoldfastError(
        "STORAGE_UNAVAILABLE",
        "This service has too much to do. Try again in a moment.",
      );
    this.#cache.put(place, "", rendered.document);
    return html(status, rendered.document);
  }
}

const html = (status: number, document: string): Reply => ({
  status,
  bytes: Buffer.from(document),
  headers: { ...HEADERS, ...(status === 503 || status === 429 ? { "retry-after": "2" } : {}) },
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
