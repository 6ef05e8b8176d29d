import type { ListedModel } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { exactLine, oneLine } from "./output.ts";

/** Every model that the native agent can be asked for, with what is known of it; of none, why and what to do. */
export async function models(context: Context): Promise<ExitCode> {
  const { client } = context.connect();
  const answer = await client.listModels();
  if (context.isJson) {
    context.output.json(answer);
    return EXIT.completed;
  }
  if (answer.items.length > 0) context.output.table([HEADER, ...answer.items.map(row)]);
  if (answer.problem !== undefined) context.output.note(exactLine(answer.problem));
  return EXIT.completed;
}

const HEADER = ["MODEL", "NAME", "CONTEXT", "OUTPUT", "$/M IN", "$/M OUT", "VARIANTS"];

function row({ id, name, context, output, price, variants, isDefault }: ListedModel): string[] {
  return [
    exactLine(isDefault ? `${id} (default)` : id),
    oneLine(name, 40),
    tokens(context),
    tokens(output),
    dollars(price?.input),
    dollars(price?.output),
    variants.length === 0 ? "-" : oneLine(variants.join(", "), 60),
  ];
}

const dollars = (amount: number | undefined): string => (amount === undefined ? "-" : String(amount));

const tokens = (count: number | undefined): string =>
  count === undefined ? "-" : count.toLocaleString("en-US");
