/** What people do with shares (S-2): each is a change of the row and a task for its sender, committed before any service is told. */
import { type Clock, HoldfastError, newId, notFound, wait } from "@holdfast/kernel";
import {
  type CreatedShare,
  type CreateShare,
  type PatchShare,
  type Session,
  type SessionId,
  type Share,
  SHARE_MS,
  type ShareArgs,
  type ShareId,
  type ShareLink,
  type ShareListLink,
  type ShareState,
} from "@holdfast/protocol";
import { type Caller, familyOf } from "../session/index.ts";
import type {
  Applied,
  HeldRef,
  ShareBatch,
  ShareChange,
  ShareMask,
  ShareTask,
  Store,
  StoredShare,
} from "../store/index.ts";
import type { Previews, Publisher } from "./publish/index.ts";
import { held, mintLink, OPEN, ShareRefs } from "./share-refs.ts";
import type { ShareServices } from "./share-services.ts";

export type SharesDeps = {
  store: Store;
  services: ShareServices;
  previews: Pick<Previews, "includesOf">;
  publisher: Pick<Publisher, "project">;
  clock: Clock;
};

/** Shares of one answer. */
const MOST_LISTED = 1_000;
/** How long a deletion that keeps shares waits for what they have to send, and how often it looks, in ms (S-32). */
const DRAIN_MS = 20_000;
const LOOK_MS = 100;
/** Pages of a service's list that are looked through for one share. */
const MOST_PAGES = 50;

const SENT: readonly ShareState[] = ["creating", "live"];

export class Shares {
  readonly #deps: SharesDeps;
  /** What others may do with each share. */
  readonly refs: ShareRefs;

  constructor(deps: SharesDeps) {
    this.#deps = deps;
    this.refs = new ShareRefs(deps);
  }

  /** Rejects NOT_FOUND, PREVIEW_STALE, UNPROCESSABLE for the service, SERVICE_UNAVAILABLE when the one beside this server does not start. */
  async create(sessionId: SessionId, body: CreateShare, caller: Caller): Promise<Applied<CreatedShare>> {
    const { store, services, previews, clock } = this.#deps;
    const before = await this.#madeBefore(caller);
    if (before !== undefined) return { value: before, replayed: true };
    const session = await store.getSession(sessionId);
    if (session === undefined) throw notFound("session", sessionId);
    const includes = previews.includesOf(body.previewId, sessionId);
    const service = await services.choose(body.service);
    const refs = { owner: held(clock), append: held(clock), link: held(clock) };
    const expiresAt = body.expiresAt === undefined ? clock.now() + SHARE_MS : (body.expiresAt ?? undefined);
    const id = newId("shr", clock.now());
    const draft = { id, sessionId, service, includes, expiresAt, ...refs };
    const title = await this.#title(session, body.title, draft);
    const { value: share, replayed } = await store.createShare({
      ...caller,
      share: { ...draft, title },
      tasks: [{ kind: "create", owner: refs.owner, append: refs.append }, mintLink(refs.link)],
    });
    return { value: await this.#withLink(share), replayed };
  }

  async #madeBefore({ idempotency }: Caller): Promise<CreatedShare | undefined> {
    if (idempotency === undefined) return undefined;
    const share = (await this.#deps.store.findReplay(idempotency))?.share;
    return share && this.#withLink(share);
  }

  async #withLink(share: Share): Promise<CreatedShare> {
    return { share, link: await this.link(share.id) };
  }

  /** What a service is told as the title is masked as the session's own is. */
  async #title(
    session: Session,
    asked: string | undefined,
    draft: Pick<StoredShare, "id" | "sessionId" | "includes">,
    masks: ShareMask[] = [],
  ): Promise<string> {
    const titled = asked === undefined ? session : { ...session, title: asked };
    const { rows } = await this.#deps.publisher.project({
      share: draft,
      rows: [{ key: "session", row: "session", session: titled }],
      masks,
    });
    const [row] = rows;
    const shown = row?.is === "row" ? (row.payload["session"] as { title?: string }).title : undefined;
    return (shown ?? "").slice(0, 1_000) || "Session";
  }

  list(sessionId?: SessionId): Promise<Share[]> {
    return this.#deps.store.listShares({ sessionId, limit: MOST_LISTED });
  }

  async get(id: ShareId): Promise<Share> {
    const share = await this.#deps.store.getShare(id);
    if (share === undefined) throw notFound("share", id);
    return share;
  }

  async #stored(id: ShareId): Promise<StoredShare> {
    const share = await this.#deps.store.storedShare(id);
    if (share === undefined) throw notFound("share", id);
    return share;
  }

  /** Where all shares of this server's key at a service are read in a browser (S-35). Rejects UNPROCESSABLE and SERVICE_UNAVAILABLE. */
  openList(service: string | undefined): Promise<ShareListLink> {
    return this.#deps.services.listLink(service);
  }

  async batches(id: ShareId): Promise<ShareBatch[]> {
    await this.get(id);
    return this.#deps.store.listShareBatches(id);
  }

  /** The read link that it was made with, or renewed with. */
  async link(id: ShareId): Promise<ShareLink> {
    const { service, link } = await this.#stored(id);
    return this.#deps.services.link(service, link);
  }

  #change(
    id: ShareId,
    caller: Caller,
    what: { change: ShareChange; from: readonly ShareState[]; tasks?: ShareTask[] },
  ): Promise<Applied<Share>> {
    return this.#deps.store.changeShare({ ...caller, shareId: id, ...what });
  }

  async patch(id: ShareId, { title: asked, expiresAt }: PatchShare, caller: Caller): Promise<Applied<Share>> {
    const title = asked === undefined ? undefined : await this.#retitled(id, asked);
    const change = { title, expiresAt };
    return this.#change(id, caller, { change, from: OPEN, tasks: [{ kind: "update", title, expiresAt }] });
  }

  async #retitled(id: ShareId, asked: string): Promise<string> {
    const { store } = this.#deps;
    const share = await this.#stored(id);
    const session = await store.getSession(share.sessionId);
    if (session === undefined) throw notFound("session", share.sessionId);
    const source = await store.shareSource({ shareId: id, limit: 1 });
    return this.#title(session, asked, share, source?.masks);
  }

  /** CONFLICT unless it is live. */
  pause(id: ShareId, caller: Caller): Promise<Applied<Share>> {
    return this.#change(id, caller, { change: { state: "paused" }, from: SENT });
  }

  resume(id: ShareId, caller: Caller): Promise<Applied<Share>> {
    const change: ShareChange = { state: "live", lastError: null, nextRetryAt: null, attempts: 0 };
    return this.#change(id, caller, { change, from: ["paused", "parked"] });
  }

  /** Takes it back; repeating is harmless, and asks a service at once that has not confirmed it. It is confirmed once it is `revoked`. */
  async revoke(id: ShareId, caller: Caller): Promise<Share> {
    const share = await this.get(id);
    if (share.state === "revoked") return share;
    const from: ShareState[] = [...OPEN, "expired", "detached", "revoking"];
    const change: ShareChange = { state: "revoking", attempts: 0, nextRetryAt: null, lastError: null };
    return (await this.#change(id, caller, { change, from })).value;
  }

  /**
   * Takes a share over that another publisher writes, or whose refs others renewed (S-8, S-23, S-25). Rejects CONFLICT for one that needs no adoption, and what
   * the service refuses.
   */
  async adopt(id: ShareId, caller: Caller): Promise<Applied<Share>> {
    const share = await this.#stored(id);
    const tasks = share.lastError?.code === "REF_NOT_VALID" ? await this.#renewal(share, true) : undefined;
    const change: ShareChange = {
      state: "live",
      adopt: true,
      lastError: null,
      nextRetryAt: null,
      attempts: 0,
      ...(tasks === undefined ? {} : { link: tasks.link }),
    };
    return this.#change(id, caller, { change, from: ["fenced", "parked"], tasks: tasks?.tasks ?? [] });
  }

  /** Ends every ref of the share, and makes the owner's, the publisher's and a read link anew (S-13). */
  async renew(id: ShareId, caller: Caller): Promise<Applied<CreatedShare>> {
    const { link, tasks } = await this.#renewal(await this.#stored(id), false);
    const { value, replayed } = await this.#change(id, caller, { change: { link }, from: OPEN, tasks });
    return { value: await this.#withLink(value), replayed };
  }

  async #renewal(share: StoredShare, withKey: boolean): Promise<{ link: HeldRef; tasks: ShareTask[] }> {
    const { clock, store } = this.#deps;
    const waiting = (await store.listShareTasks(share.id)).filter(({ state }) => state === "pending");
    const bumps = waiting.filter(({ task }) => task.kind === "bump").length;
    const from = withKey ? await this.#epochAtService(share) : share.capabilityEpoch + bumps;
    const link = held(clock);
    const bump: ShareTask = { kind: "bump", from, owner: held(clock), append: held(clock) };
    return { link, tasks: [withKey ? { ...bump, withKey: true } : bump, mintLink(link)] };
  }

  /** Known to whoever has the publish key, from the service's list. */
  async #epochAtService({ id, service }: StoredShare): Promise<number> {
    const { services } = this.#deps;
    const secret = services.requireKey(service);
    let before: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const args: ShareArgs<"listShares"> = before === undefined ? { limit: 200 } : { limit: 200, before };
      const { items, next } = await services.ask(service, "listShares", { secret, args });
      const found = items.find((item) => item.id === id);
      if (found !== undefined) return found.capabilityEpoch;
      if (next === undefined) break;
      before = next;
    }
    throw new HoldfastError("SHARE_GONE", `The service does not list share ${id}.`);
  }

  /** Waits until the shares of a session and of all below it have sent what there is. Rejects CONFLICT where one cannot, or not in time (S-32). */
  async drain(sessionId: SessionId): Promise<void> {
    const { clock, store } = this.#deps;
    const session = await store.getSession(sessionId);
    if (session === undefined) return;
    const family = (await familyOf(this.#deps, session)).map(({ id }) => id);
    const until = clock.monotonic() + DRAIN_MS;
    for (;;) {
      const lists = await Promise.all(
        family.map((member) => store.listShares({ sessionId: member, limit: MOST_LISTED })),
      );
      const shares = lists.flat().filter(({ state }) => OPEN.includes(state));
      const heads = await Promise.all(shares.map(({ id }) => store.shareHead(id)));
      const late = heads.find((head) => head !== undefined && !isDrained(head));
      if (late === undefined) return;
      if (!SENT.includes(late.share.state) || clock.monotonic() >= until)
        throw new HoldfastError(
          "CONFLICT",
          `Share ${late.share.id} has rows that its service does not have yet. Let it finish, or delete without keeping it.`,
          { data: { shareId: late.share.id } },
        );
      await wait(clock, LOOK_MS);
    }
  }
}

type Head = NonNullable<Awaited<ReturnType<Store["shareHead"]>>>;

const isDrained = ({ share, task, batch, waiting }: Head): boolean =>
  share.stream?.committed === true &&
  share.paging === undefined &&
  task === undefined &&
  batch === undefined &&
  waiting === 0;
