/** What has to hold when all is at rest. */
import { isHoldfastError } from "@holdfast/kernel";
import type { StoredShare } from "../../packages/server/src/store/index.ts";
import { OFFENCE } from "./acts.ts";
import { differences, expectedTable, shownTable, sourceOf } from "./judge.ts";
import type { Plan } from "./plan.ts";
import { isPoisoned } from "./poison.ts";
import type { Service } from "./service.ts";
import type { Side } from "./side.ts";
import { SECRETS } from "./workload.ts";

/** What is judged. */
export type Judging = {
  readonly plan: Plan;
  readonly service: Service;
  readonly sides: readonly Side[];
  readonly done: ReadonlySet<string>;
  readonly ended: ReadonlySet<string>;
  readonly shareId: string | undefined;
  readonly resyncs: number;
  trace(line: string): void;
  violated(what: string): void;
  shareOf(side: Side): Promise<StoredShare | undefined>;
};

/** After these both sides may be in different places; after losses and kills alone they never are. */
const MOVES = ["publisher restored", "service restored", "copied", "bumped elsewhere"];

type Placed = { side: Side; share: StoredShare };

export async function judge(world: Judging): Promise<void> {
  for (const secret of SECRETS)
    if (world.service.holds(secret)) world.violated(`a secret left the machine: ${secret.slice(0, 8)}...`);
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
  for (const one of live) await judgeEqual(world, one);
}

/** Refs that somebody was told to have ended never work again. */
export async function judgeEnded(world: Judging): Promise<void> {
  const { shareId } = world;
  if (shareId === undefined || !world.service.isUp) return;
  for (const secret of world.ended)
    if (await works(world, shareId, secret)) world.violated("a ref works again that had ended");
}

/** Whether a ref can be redeemed now. */
async function works(world: Judging, shareId: string, secret: string): Promise<boolean> {
  try {
    await world.service.call("redeemShare", shareId, secret, {});
    return true;
  } catch (error) {
    if (isHoldfastError(error, "REF_NOT_VALID")) return false;
    throw error;
  }
}

async function judgeRevoked(world: Judging, [first]: readonly Placed[]): Promise<void> {
  if (first?.share.state !== "revoked") world.violated(`taken back, and yet ${String(first?.share.state)}`);
  if (first !== undefined && (await works(world, first.share.id, first.share.link.secret)))
    world.violated("the link of a share that was taken back works");
}

async function judgeExpired(world: Judging, [first]: readonly Placed[]): Promise<void> {
  if (first !== undefined && (await works(world, first.share.id, first.share.link.secret)))
    world.violated("the link of a share that has expired works");
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
  const { table, newMasks } = await expectedTable(project, share, rows, masks, omitted);
  if (newMasks.length > 0) world.violated(`${newMasks.length} values are masked by nobody yet`);
  // The owner's: the link may be one of those that were revoked.
  const shown = shownTable(await world.service.read(share.id, share.owner.secret));
  if (world.done.has("upgraded"))
    for (const [key, row] of shown)
      if (row === "omitted: refused" && table.get(key)?.includes(OFFENCE) === true) table.set(key, row);
  for (const line of differences(table, shown)) world.violated(line);
}
