import { HoldfastError } from "@holdfast/kernel";
import type { StoredChange } from "../../store/index.ts";
import { composeFile } from "./compose-file.ts";
import { type Decision, isChosen, outcomeOf } from "./left-rows.ts";
import type { Entry, ReviewWrite } from "./plan.ts";
import type { ReviewRepository } from "./review-repository.ts";
import type { Chosen } from "./selection.ts";

/** What a decision means for trees and rows. */
export type Decided = { entries: Entry[]; changes: StoredChange[]; gone: ReviewWrite["gone"] };

/** Works a decision out for everything that was chosen; contents of partly chosen files are stored as blobs. Throws UNPROCESSABLE. */
export async function decide(
  repo: Pick<ReviewRepository, "readBlob" | "writeBlob">,
  rows: readonly StoredChange[],
  chosen: readonly Chosen[],
  decision: Decision,
): Promise<Decided> {
  const decided: Decided = { entries: [], changes: [], gone: [] };
  const state = decision === "takeOver" ? "applied" : "rejected";
  for (const one of chosen) {
    const { entries, left } = outcomeOf(one, decision, await composed(repo, one, decision));
    decided.entries.push(...entries);
    if (left === undefined) decided.gone.push({ changeId: one.change.id, state });
    else decided.changes.push(left);
  }
  requireRoom(decided.entries, rows, decision);
  return decided;
}

async function composed(
  repo: Pick<ReviewRepository, "readBlob" | "writeBlob">,
  chosen: Chosen,
  decision: Decision,
): Promise<string | undefined> {
  const { change, hunks } = chosen;
  if (hunks === "all") return undefined;
  if (change.before === undefined || change.after === undefined) return undefined;
  const [before, after] = [await repo.readBlob(change.before.blob), await repo.readBlob(change.after.blob)];
  const isTaken = (hunk: { id: string }) => isChosen(chosen, hunk) === (decision === "takeOver");
  return repo.writeBlob(composeFile(before, after, change.hunks, isTaken));
}

/** A file cannot stand where a directory stays, nor the other way round: then both changes have to be chosen together. */
function requireRoom(entries: readonly Entry[], rows: readonly StoredChange[], decision: Decision): void {
  const removed = new Set(entries.filter((entry) => entry.new === null).map(({ key }) => key));
  const staying = rows.flatMap((row) => {
    const key = decision === "takeOver" ? goneFrom(row) : newAt(row);
    return key === undefined || removed.has(key) ? [] : [{ key, path: row.path }];
  });
  for (const { key, new: next } of entries) {
    if (next === null) continue;
    const other = staying.find((one) => one.key.startsWith(`${key}/`) || key.startsWith(`${one.key}/`));
    if (other !== undefined)
      throw new HoldfastError(
        "UNPROCESSABLE",
        "A file takes the place of a directory, or a directory that of a file. Choose both changes together.",
        { data: { paths: [other.path] } },
      );
  }
}

function goneFrom(row: StoredChange): string | undefined {
  return row.kind === "deleted" ? row.key : row.oldKey;
}

function newAt(row: StoredChange): string | undefined {
  return row.kind === "added" || row.kind === "renamed" ? row.key : undefined;
}
