/** What has to hold when all is at rest. */
import { createHash } from "node:crypto";
import type { StoredShare } from "../../packages/server/src/store/index.ts";
import { OFFENCE } from "./acts.ts";
import type { Look, Tally } from "./faults.ts";
import type { GivenRefs } from "./given-refs.ts";
import { type Content, differences, expectedTable, shownTable, sourceOf, type Table } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { isPoisoned } from "./poison.ts";
import type { Service } from "./service.ts";
import type { Side } from "./side.ts";
import type { Viewer } from "./viewer.ts";
import { SECRETS } from "./workload.ts";

/** What is judged. */
export type Judging = {
  readonly plan: Plan;
  readonly service: Service;
  readonly sides: readonly Side[];
  readonly done: ReadonlySet<string>;
  readonly refs: GivenRefs;
  readonly viewer: Viewer | undefined;
  readonly tally: Tally;
  readonly shareId: string | undefined;
  readonly resyncs: number;
  trace(line: string): void;
  violated(what: string): void;
  shareOf(side: Side): Promise<StoredShare | undefined>;
  /** Lets time pass, in ms. */
  pass(ms: number): void;
};

/** After these both sides may be in different places; after losses and kills alone they never are. */
const MOVES = ["publisher restored", "service restored", "copied", "bumped elsewhere"];

/** How often a viewer tries to see what is there, and ms between two tries: it may have asked too often. */
const MOST_LOOKS = 20;
const LOOK_MS = 10_000;

type Placed = { side: Side; share: StoredShare };

export async function judge(world: Judging): Promise<void> {
  for (const secret of await world.service.holding(SECRETS))
    world.violated(`a secret left the machine: ${secret.slice(0, 8)}...`);
  const placed: Placed[] = [];
  for (const side of world.sides) {
    const share = await world.shareOf(side);
    if (share !== undefined) placed.push({ side, share });
  }
  const states = placed.map(({ share }) => share.state).join(" and ");
  world.trace(`at rest: ${states}`);
  await judgeEnded(world);
  if (world.resyncs > 0 && !MOVES.some((move) => world.done.has(move)))
    world.violated(`${world.resyncs} times all was sent anew, and nothing was restored or taken over`);
  if (world.done.has("revoked")) return judgeRevoked(world, placed);
  if (placed.some(({ share }) => share.state === "expired")) return judgeExpired(world, placed);
  // A restored directory does not know that it took the share back, and is told.
  if (world.done.has("publisher restored") && placed[0]?.share.state === "revoked")
    return judgeRevoked(world, placed);
  if (world.done.has("detached")) return;
  const live = placed.filter(({ share }) => share.state === "live");
  if (live.length !== 1) world.violated(`${live.length} of ${placed.length} publish: ${states}`);
  if (placed.length > 1 && live.length === 1) look(world, "one of two copies publishes");
  for (const one of live) {
    await judgeEqual(world, one);
    await judgeViewer(world, one);
  }
}

const look = (world: Judging, what: Look): void => world.tally.add(what);

/** Refs that have ended never work again, whatever was restored since, and nobody goes on watching with one. */
export async function judgeEnded(world: Judging): Promise<void> {
  const { shareId, viewer, refs } = world;
  if (shareId === undefined || !world.service.isUp) return;
  for (const secret of refs.ended) {
    if (await world.service.redeems(shareId, secret)) world.violated("a ref works again that had ended");
    look(world, "ended ref refused");
    for (const side of ["publisher", "service"] as const)
      if (world.done.has(`${side} restored`)) look(world, `ended ref refused after a restore of the ${side}`);
  }
  if (viewer !== undefined && viewer.isWatching && refs.has(viewer.secret))
    world.violated("somebody still watches with a ref that had ended");
}

async function judgeRevoked(world: Judging, [first]: readonly Placed[]): Promise<void> {
  if (first?.share.state !== "revoked") world.violated(`taken back, and yet ${String(first?.share.state)}`);
  judgeUnwatched(world);
  if (first !== undefined && (await world.service.redeems(first.share.id, first.share.link.secret)))
    world.violated("the link of a share that was taken back works");
}

async function judgeExpired(world: Judging, [first]: readonly Placed[]): Promise<void> {
  if (first !== undefined && (await world.service.redeems(first.share.id, first.share.link.secret)))
    world.violated("the link of a share that has expired works");
  judgeUnwatched(world);
}

function judgeUnwatched(world: Judging): void {
  if (world.viewer?.isWatching === true) world.violated("somebody still watches a share that has ended");
}

/** Who watched all along sees what somebody sees who begins now. */
async function judgeViewer(world: Judging, { share }: Placed): Promise<void> {
  const { viewer } = world;
  if (viewer === undefined || !(await world.service.redeems(share.id, viewer.secret))) return;
  for (let tries = 0; tries < MOST_LOOKS; tries += 1) {
    const compared = await viewer.compared();
    if (compared === undefined) {
      world.pass(LOOK_MS);
      continue;
    }
    const { fresh, shown } = compared;
    // The upgrade is one of this whole process: its viewer does not take what it offends either.
    if (world.done.has("upgraded"))
      for (const [key, row] of fresh) {
        if (!row.includes(OFFENCE)) continue;
        fresh.delete(key);
        shown.delete(key);
      }
    for (const line of differences(fresh, shown)) world.violated(`who watches sees: ${line}`);
    look(world, "viewer equal at rest");
    return;
  }
  world.violated("a viewer with a ref that works sees nothing");
}

async function judgeEqual(world: Judging, { side, share }: Placed): Promise<void> {
  const { store, project } = side.publisher;
  const head = await store.shareHead(share.id);
  if (head === undefined || head.batch !== undefined || head.waiting > 0 || head.task !== undefined)
    world.violated(`something still waits: ${JSON.stringify({ ...head, share: share.lastError })}`);
  const rows = await sourceOf(store, share);
  const source = await store.shareSource({ shareId: share.id, limit: 1 });
  const masks = source?.masks ?? [];
  const omitted = Object.fromEntries(
    rows.flatMap(({ key }) => (isPoisoned(key, world.plan.poison) ? [[key, "refused"]] : [])),
  );
  const { table, newMasks, contents } = await expectedTable(project, share, rows, masks, omitted);
  if (newMasks.length > 0) world.violated(`${newMasks.length} values are masked by nobody yet`);
  // The owner's: the link may be one of those that were revoked.
  const shown = shownTable(await world.service.read(share.id, share.owner.secret));
  if (world.done.has("upgraded"))
    for (const [key, row] of shown)
      if (row === "omitted: refused" && table.get(key)?.includes(OFFENCE) === true) table.set(key, row);
  for (const line of differences(table, shown)) world.violated(line);
  look(world, "equal at rest");
  await judgeContents(world, share, contents, table);
}

/** Every content that a row shows is there, as it was published. */
async function judgeContents(
  world: Judging,
  share: StoredShare,
  contents: readonly Content[],
  table: Table,
): Promise<void> {
  for (const content of contents) {
    const { key, hash } = content;
    if (table.get(key)?.startsWith("omitted: ") !== false) continue;
    const [ours, theirs] = [
      await content.read(),
      await world.service.content(share.id, share.owner.secret, hash),
    ];
    if (ours === undefined || theirs === undefined) {
      const where = ours === undefined ? "here" : "at the service";
      world.violated(`${key} shows ${hash}, which is not ${where}`);
    } else if (
      Buffer.compare(ours, theirs) !== 0 ||
      createHash("sha256").update(theirs).digest("hex") !== hash
    )
      world.violated(`${key} shows another content than was published`);
    look(world, "content equal at rest");
  }
}
