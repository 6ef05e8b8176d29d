/** T-4: commits and syncs of a turn of T-1, product over raw limit, at most 1.2; with 1 and with 10 sessions. */
import { temporaryDirectory } from "../test/harness/index.ts";
import { type Finding, interleave, note, worstOf } from "./ratio.ts";
import { underSlowSyncs } from "./slow-fsync.ts";

const REPEATS = 3;
const TURNS = 40;
const TARGET = { atMost: 1.2 } as const;

type Counted = { commits: number; syncs: number };

async function count(side: "product" | "limit", sessions: number): Promise<Counted> {
  await using directory = await temporaryDirectory("bench-commits");
  const turns = Math.ceil(TURNS / sessions) * sessions;
  const { measured, syncs } = await underSlowSyncs<{ commits: number }>(
    "commits-process.ts",
    [side, String(sessions), String(turns / sessions)],
    { directory: directory.path, delayUs: 0 },
  );
  return { commits: measured.commits / turns, syncs: syncs / turns };
}

export async function bench(): Promise<Finding[]> {
  const variants: Finding[] = [];
  for (const sessions of [1, 10]) {
    const pairs = await interleave(
      REPEATS,
      () => count("product", sessions),
      () => count("limit", sessions),
    );
    for (const figure of ["commits", "syncs"] as const) {
      const ratios = pairs.map(({ product, limit }) => product[figure] / limit[figure]);
      const [first] = pairs;
      note(
        `T-4/${sessions}-sessions ${figure} per turn: product ${first?.product[figure].toFixed(1)}, raw limit ${first?.limit[figure].toFixed(1)}`,
      );
      variants.push({ name: `T-4/${sessions}-sessions-${figure}`, ratios, target: TARGET });
    }
  }
  return [...variants, worstOf("T-4", variants)];
}
