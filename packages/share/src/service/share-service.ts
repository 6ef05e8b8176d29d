/**
 * The share service without any door (S-1): every call goes through here, whichever door it came by.
 *
 *   arguments -> who calls, how often -> what is due is written down -> the method -> its answer
 *                                                                        \ a secret that does not work: one answer, counted
 */
import { createHash } from "node:crypto";
import { rateRefusal, shapeRefusal } from "@holdfast/edge";
import {
  type Clock,
  HoldfastError,
  isHoldfastError,
  errorText,
  type Logger,
  newId,
  newRefSecret,
  secretHash,
} from "@holdfast/kernel";
import {
  MAX_SHARE_BLOB_BYTES,
  type RedeemedShare,
  SHARE_METHODS,
  type ShareArgs,
  type ShareId,
  type ShareMethod,
  type ShareResult,
} from "@holdfast/protocol";
import {
  admit,
  type Admitted,
  blobShown,
  type By,
  caveatsOf,
  dueOf,
  findShare,
  onlyReads,
  REFUSED,
  refNotValid,
  refusedUse,
  shareOfRef,
  type ShareStore,
  wholeShare,
} from "../store/index.ts";
import type {
  ShareBlob,
  ShareCaller,
  ShareCalls,
  ShareRequest,
  ShareSink,
  ShareSubscription,
  SubscribeRequest,
} from "./contract.ts";
import { Credentials } from "./credentials.ts";
import { Housekeeping } from "./housekeeping.ts";
import { LiveReaders, placeOf, type Recheck, type Standing } from "./live.ts";
import { type MethodCall, type MethodContext, METHODS, read } from "./methods.ts";
import { Snapshots } from "./snapshots.ts";
import { UseCounter } from "./use-counter.ts";

/** Streams of one share at once. */
const VIEWERS = 2_000;
/** Bytes of rows, blobs and comments of a share, unless it was told otherwise. */
const SHARE_QUOTA_BYTES = 512 * 1024 * 1024;

export type ShareServiceDeps = {
  store: ShareStore;
  clock: Clock;
  logger: Logger;
  /** Keys with which shares are made (`HOLDFAST_SHARE_KEYS`). */
  keys: readonly string[];
  quotaBytes?: number | undefined;
};

/** Methods that change nothing; the others may come from a publisher, far more often. */
const READING = new Set<ShareMethod>([
  "redeemShare",
  "readSession",
  "readMessages",
  "readChanges",
  "readComments",
  "listRefs",
  "readAudit",
  "listShares",
]);

export class ShareService implements ShareCalls {
  /** Documents of the pages, for whoever was let in. */
  readonly snapshots: Snapshots;
  readonly #deps: ShareServiceDeps;
  readonly #credentials: Credentials;
  readonly #readers: LiveReaders;
  readonly #uses: UseCounter;
  readonly #housekeeping: Housekeeping;
  readonly #context: MethodContext;
  #isStopped = false;

  constructor(deps: ShareServiceDeps) {
    const { store, clock, logger } = deps;
    this.#deps = deps;
    this.#credentials = new Credentials(deps.keys, clock);
    this.#readers = new LiveReaders(store, clock, logger);
    this.#uses = new UseCounter(store, clock, logger);
    this.#housekeeping = new Housekeeping(store, clock, logger);
    this.snapshots = new Snapshots(store, this.#housekeeping, logger);
    this.#context = {
      store,
      quota: deps.quotaBytes ?? SHARE_QUOTA_BYTES,
      viewersOf: (shareId) => this.#readers.countOf(shareId),
      noteRead: (admitted, by, action) => this.#noteRead(admitted, by, action),
    };
  }

  call<M extends ShareMethod>(
    method: M,
    request: ShareRequest & { args: ShareArgs<M> },
  ): Promise<ShareResult<M>> {
    return this.callNamed(method, request) as Promise<ShareResult<M>>;
  }

  async callNamed(method: string, request: ShareRequest): Promise<unknown> {
    if (!Object.hasOwn(SHARE_METHODS, method))
      throw new HoldfastError("NOT_FOUND", "The service has no method of this name.");
    const name = method as ShareMethod;
    const args = SHARE_METHODS[name].args.safeParse(request.args ?? {});
    if (!args.success) throw shapeRefusal(args.error, "arguments");
    const run = METHODS[name] as (context: MethodContext, call: MethodCall<never>) => Promise<unknown>;
    return this.#admitted(request, READING.has(name) ? "read" : "write", (by, shareId) =>
      run(this.#context, { shareId, by, args: args.data as never }),
    );
  }

  redeemLink(caller: ShareCaller): Promise<RedeemedShare> {
    return this.#admitted({ caller }, "read", (by) => {
      const shareId = this.#deps.store.read((sql) => shareOfRef(sql, by.hash ?? "")) ?? "";
      // Begun, and not waited for: who holds a link that has just expired must not learn that by the time it takes.
      void this.#writeDown(shareId).catch((error: unknown) =>
        this.#deps.logger.warn({ error: errorText(error) }, "an expiry could not be written down"),
      );
      return METHODS.redeemShare(this.#context, { shareId: shareId as ShareId, by, args: {} });
    });
  }

  /** A share of the older surface (S-10). Needs a publish key. */
  createWhole(
    caller: ShareCaller,
    { isPublic }: { isPublic: boolean },
  ): Promise<{ id: ShareId; secret: string }> {
    return this.#admitted({ caller }, "write", async (by) => {
      if (by.key === undefined) throw refNotValid();
      const now = this.#deps.clock.now();
      const secret = newRefSecret();
      const id = newId("shr", now);
      await this.#deps.store.run("createWholeShare", {
        shareId: id,
        by,
        refId: newId("ref", now),
        secretHash: secretHash(secret),
        isPublic,
        quota: this.#context.quota,
      });
      return { id, secret };
    });
  }

  /** Every row of a share as the older surface gives it: with a ref that reads, or to anybody where the share was made public. */
  async readWhole(shareId: string, caller: ShareCaller): Promise<ReturnType<typeof wholeShare>> {
    const { store, clock } = this.#deps;
    if (caller.bearer === undefined) {
      const { peer } = caller;
      this.#credentials.requireRate({ peer }, "read");
      const { share, whole } = store.read((sql) => {
        const found = findShare(sql, shareId);
        return { share: found, whole: wholeShare(sql, found, clock.now()) };
      });
      if (share === undefined || whole?.isPublic !== true) throw this.#refused(shareId, { peer });
      await this.#uses.note({ shareRid: share.rid, ref: null, action: "read", peer });
      return whole;
    }
    return this.#admitted({ shareId, caller }, "read", (by) =>
      read(this.#context, { shareId, by, access: "read", action: "read" }, (sql, { share }) =>
        wholeShare(sql, share, clock.now()),
      ),
    );
  }

  async subscribe(request: SubscribeRequest, open: () => ShareSink): Promise<ShareSubscription> {
    const { store } = this.#deps;
    const { shareId, caller } = request;
    return this.#admitted({ shareId, caller }, "read", async (by) => {
      const asked = { shareId, by, access: "read", action: "live" } as const;
      const place = await read(this.#context, asked, (_sql, { share }) =>
        placeOf(share, store.storeId(), request),
      );
      if (this.#isStopped) throw new HoldfastError("SHUTTING_DOWN", "The service is shutting down.");
      if (this.#readers.countOf(shareId) >= VIEWERS)
        throw rateRefusal(`A share has at most ${VIEWERS} viewers at once.`, 10_000);
      return this.#readers.open(shareId, place, this.#recheck(shareId, by), open());
    });
  }

  async watch(
    { shareId, caller }: { shareId: string; caller: ShareCaller },
    onEnd: () => void,
  ): Promise<() => void> {
    return this.#admitted({ shareId, caller }, "read", async (by) => {
      const recheck = this.#recheck(shareId, by);
      const standing = recheck(new Map());
      if ("refusal" in standing) throw standing.refusal;
      return this.#readers.watch(shareId, recheck, onEnd);
    });
  }

  putBlob({ shareId, hash, bytes, caller }: Parameters<ShareCalls["putBlob"]>[0]): Promise<void> {
    const { store } = this.#deps;
    return this.#admitted({ shareId, caller }, "write", async (by, id) => {
      store.read((sql) => admit(sql, store.clock.now(), { shareId, by, access: "append" }));
      if (bytes.byteLength > MAX_SHARE_BLOB_BYTES)
        throw new HoldfastError("TOO_LARGE", `A blob has at most ${MAX_SHARE_BLOB_BYTES} bytes.`);
      if (createHash("sha256").update(bytes).digest("hex") !== hash)
        throw new HoldfastError("INVALID_REQUEST", "The bytes have another SHA-256 than the path says.");
      await this.#housekeeping.alone(async () => {
        await store.blobs.put(id, hash, bytes);
        await store.run("recordBlob", { shareId: id, by, hash, size: bytes.byteLength });
      });
    });
  }

  getBlob({ shareId, hash, caller }: Parameters<ShareCalls["getBlob"]>[0]): Promise<ShareBlob> {
    return this.#admitted({ shareId, caller }, "read", async (by) => {
      const shown = await read(
        this.#context,
        { shareId, by, access: "read", action: "read" },
        (sql, { share }) => blobShown(sql, share, hash),
      );
      const bytes = shown && (await this.#deps.store.blobs.read(shareId, hash));
      if (shown === undefined || bytes === undefined)
        throw new HoldfastError("NOT_FOUND", "The share shows no such content.");
      return { bytes, mime: shown.mime };
    });
  }

  /** Begins what runs by the clock: expiry, the audit, files that nobody names any more. */
  start(): void {
    this.#housekeeping.start();
  }

  /** Ends every stream, and writes what was counted. The store stays open. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#readers.close();
    await this.#uses.stop();
    await this.#housekeeping.stop();
  }

  async #admitted<T>(
    { shareId, caller }: { shareId?: string | undefined; caller: ShareCaller },
    does: "read" | "write",
    work: (by: By, shareId: ShareId) => Promise<T>,
  ): Promise<T> {
    if (this.#isStopped) throw new HoldfastError("SHUTTING_DOWN", "The service is shutting down.");
    const by = this.#credentials.identify(caller);
    this.#credentials.requireRate(by, does);
    try {
      if (shareId !== undefined) await this.#writeDown(shareId);
      return await work(by, (shareId ?? "") as ShareId);
    } catch (error) {
      if (isHoldfastError(error, "REF_NOT_VALID")) throw this.#refused(shareId, by, error);
      if (isHoldfastError(error, "FORBIDDEN")) this.#noteRefusal(shareId, by);
      throw error;
    }
  }

  /** What has expired is written down when it is first seen, so that no clock that is set back revives it (S-32). */
  async #writeDown(shareId: string): Promise<void> {
    const { store } = this.#deps;
    const due = store.read((sql) => dueOf(sql, shareId, store.clock.now()));
    if (due === "share") await store.run("expireShare", { shareId });
    if (due === "grants") await store.run("expireGrants", {});
  }

  async #noteRead({ share, line }: Admitted, by: By, action: string): Promise<void> {
    const isCounted = line.some((grant) => onlyReads(grant) && caveatsOf(grant).maxUses !== undefined);
    if (isCounted) await this.#deps.store.run("countReader", { shareId: share.id, by });
    await this.#uses.note({ shareRid: share.rid, ref: line[0]?.id ?? null, action, peer: by.peer });
  }

  /** What to refuse with who came with a secret that does not work, or with none where one is needed. It is counted. */
  #refused(shareId: string | undefined, by: By, error = refNotValid()): HoldfastError {
    this.#noteRefusal(shareId, by);
    return this.#credentials.refusal(by.peer, error);
  }

  /** Where the secret is of a ref of the share, whatever became of it, its owner learns which. */
  #noteRefusal(shareId: string | undefined, by: By): void {
    const { store, logger } = this.#deps;
    try {
      const use = store.read((sql) => refusedUse(sql, shareId, by));
      if (use !== undefined) void this.#uses.note({ ...use, action: REFUSED, peer: by.peer });
    } catch (error) {
      logger.warn({ shareId, error: errorText(error) }, "a refusal could not be counted");
    }
  }

  /** Uses are not counted again: a reader that came in stays. */
  #recheck(shareId: string, by: By): Recheck {
    const { store, clock } = this.#deps;
    const look = (): Standing => {
      try {
        const now = clock.now();
        const asked = { shareId, by, access: "anyone", keyMay: true, anyUses: true } as const;
        const { share, line } = store.read((sql) => admit(sql, now, asked));
        const ends = [share.expires_at, ...line.map((grant) => grant.expires_at)].filter((at) => at !== null);
        return { endsIn: ends.length === 0 ? undefined : Math.min(...ends) - now };
      } catch (refusal) {
        return { refusal };
      }
    };
    const name = by.key ?? by.hash ?? "";
    return (seen) => {
      const standing = seen.get(name) ?? look();
      seen.set(name, standing);
      return standing;
    };
  }
}
