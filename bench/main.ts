/**
 * `npm run bench -- T-1 T-10`, or all without a name. One line per figure on stdout, the explanation on stderr. It exits with 0 also when a
 * figure is short of its target; 1 means that something could not be measured.
 */
import { type Finding, findingLine } from "./ratio.ts";

/** A benchmark answers its variants, then the figure of its id. */
type Bench = () => Promise<Finding[]>;

const BENCHES: Record<string, () => Promise<{ bench: Bench }>> = {
  "T-1": () => import("./t-1-ingestion.ts"),
  "T-2": () => import("./t-2-end-to-end.ts"),
  "T-3": () => import("./t-3-latency.ts"),
  "T-4": () => import("./t-4-commits.ts"),
  "T-6": () => import("./t-6-event-loop.ts"),
  "T-10": () => import("./t-10-fan-out.ts"),
  "T-12": () => import("./t-12-agents.ts"),
  "T-15": () => import("./t-15-share-sync.ts"),
  "T-18": () => import("./t-18-page.ts"),
  "T-22": () => import("./t-22-responsiveness.ts"),
  "T-23": () => import("./t-23-start.ts"),
  "S-11": () => import("./s-11-ways.ts"),
  "S-19": () => import("./s-19-viewers.ts"),
  "W-3": () => import("./w-3-snapshot.ts"),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exit(2);
}
for (const [name, load] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const { bench } = await load();
  for (const finding of await bench()) process.stdout.write(`${findingLine(finding)}\n`);
}
