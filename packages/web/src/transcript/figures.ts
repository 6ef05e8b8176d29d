/** How long a turn took, what it read and wrote, and what that cost: as far as it is known. Pure. */
import type { Turn } from "@holdfast/protocol";
import { money, span } from "../design/index.ts";

/** Words, in the order in which they are shown. A cost stands there only where the price is known. */
export function figuresOf({
  time: { started, ended },
  usage: { tokens, cost },
}: Pick<Turn, "time" | "usage">) {
  const cached = tokens?.cache?.read ?? 0;
  return [
    started !== undefined && ended !== undefined ? span(ended - started) : undefined,
    tokens?.input === undefined ? undefined : `${tokens.input.toLocaleString()} in`,
    cached === 0 ? undefined : `${cached.toLocaleString()} from cache`,
    tokens?.output === undefined ? undefined : `${tokens.output.toLocaleString()} out`,
    cost === undefined ? undefined : money(cost),
  ].filter((figure) => figure !== undefined);
}
