/**
 * T-15: a session is shared with a service of its own process, from the wish to share until readers see all of it: operations applied per second, by the real outbox
 * in full batches over the way that the server prefers. The raw limit: transactional upserts of the same rows (`baseline-upserts.ts`); at least 0.5 of it.
 */
import { temporaryDirectory } from "../test/harness/index.ts";
import { storedOperations, UpsertBaseline } from "./baseline-upserts.ts";
import { type Finding, interleave, median, note } from "./ratio.ts";
import { openPublishing, type Published } from "./share-publishing.ts";

const TARGET = { atLeast: 0.5 } as const;

type Size = { turns: number; repeats: number };
const WHOLE: Size = { turns: 240, repeats: 7 };
export const QUICK: Size = { turns: 2, repeats: 1 };

export async function bench({ turns, repeats }: Size = WHOLE): Promise<Finding[]> {
  await using directory = await temporaryDirectory("bench-upserts");
  await using publishing = await openPublishing(turns);
  using baseline = new UpsertBaseline(directory.path);
  const { shareId } = await publishing.publish("webSocket");
  const operations = storedOperations(publishing.database, shareId);
  baseline.write(operations);
  const pairs = await interleave(
    repeats,
    () => publishing.publish("webSocket"),
    () => Promise.resolve(baseline.write(operations)),
  );
  explain(
    pairs.map(({ product }) => product),
    pairs.map(({ limit }) => limit),
  );
  const ratios = pairs.map(({ product, limit }) => product.operations / product.seconds / limit);
  return [{ name: "T-15", ratios, target: TARGET }];
}

function explain(runs: readonly Published[], limits: readonly number[]): void {
  const middle = (figure: (run: Published) => number): string => median(runs.map(figure)).toFixed(0);
  const figures = [
    `${runs[0]?.operations} operations, ${middle((run) => run.operations / run.seconds)} a second`,
    `CPU per operation ${middle((run) => (run.publisherMs * 1_000) / run.operations)} us of the publisher`,
    `${middle((run) => (run.serviceMs * 1_000) / run.operations)} us of the service`,
  ];
  note(`T-15 product: ${figures.join(", ")}`);
  note(`T-15 raw limit: ${median(limits).toFixed(0)} operations a second`);
}
