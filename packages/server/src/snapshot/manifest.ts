/**
 * What goes with a snapshot but not into its tree: a commit, the snapshot's parent, with `manifest.json` and the raw bytes of files as `raw/<n>` (W-3).
 * A snapshot without either has no parent.
 */
import { HoldfastError } from "@holdfast/kernel";
import { uncapturedSchema } from "@holdfast/protocol";
import { z } from "zod";
import {
  commitTree,
  isGitError,
  makeTree,
  type Checkout,
  readBlob,
  runGit,
  writeBlob,
} from "../git/index.ts";
import type { RawFile, Snapshot } from "./snapshot.ts";

const manifestSchema = z.object({
  version: z.literal(1),
  uncaptured: z.array(uncapturedSchema),
  uncapturedCount: z.int().min(0),
  /** The n-th is `raw/<n>`. `key`: bytes of the path as Latin-1, relative to the root. */
  raw: z.array(z.object({ key: z.string(), blob: z.string().regex(/^[0-9a-f]{40,64}$/) })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Stores the manifest's commit, or nothing when there is nothing to say. */
export async function commitManifest(
  checkout: Checkout,
  facts: Pick<Snapshot, "uncaptured" | "uncapturedCount" | "raw">,
): Promise<string | undefined> {
  const { uncaptured, uncapturedCount, raw } = facts;
  if (uncapturedCount === 0 && raw.length === 0) return undefined;
  const manifest: Manifest = { version: 1, uncaptured, uncapturedCount, raw };
  const blob = await writeBlob(checkout, JSON.stringify(manifest));
  const bytes = raw.length === 0 ? undefined : await makeTree(checkout, raw.map(rawEntry));
  const entries = [
    `100644 blob ${blob}\tmanifest.json`,
    ...(bytes === undefined ? [] : [`040000 tree ${bytes}\traw`]),
  ];
  return commitTree(checkout, await makeTree(checkout, entries), "Holdfast: what goes with a snapshot");
}

/** The manifest of a snapshot; of one that has none, an empty one. Rejects UNPROCESSABLE when somebody put something else in its place. */
export async function readManifest(checkout: Checkout, commit: string): Promise<Manifest> {
  const none: Manifest = { version: 1, uncaptured: [], uncapturedCount: 0, raw: [] };
  const parent = await runGit(
    checkout,
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${commit}^1`],
    {
      exits: [0, 1, 128],
    },
  );
  if (parent.exitCode !== 0) return none;
  try {
    return manifestSchema.parse(JSON.parse(String(await readBlob(checkout, `${parent.text}:manifest.json`))));
  } catch (error) {
    if (isGitError(error) && error.code !== "failed") throw error;
    throw new HoldfastError("UNPROCESSABLE", `The manifest of snapshot ${commit} cannot be read.`, {
      cause: error,
    });
  }
}

const rawEntry = ({ blob }: RawFile, at: number): string => `100644 blob ${blob}\t${at}`;
