import { z } from "zod";
import { sessionEventSchema } from "./event.ts";

/** What every event of a session's stream has, known to this version or not: readers skip unknown types and go on behind them (D-25). */
export const eventOutlineSchema = outline();
export type EventOutline = z.infer<typeof eventOutlineSchema>;

function outline() {
  const [first] = sessionEventSchema.options;
  if (first === undefined) throw new Error("The protocol knows no event.");
  return first.extend({ type: z.string(), data: z.unknown() });
}
