/** What stubs of every door are asked in the same way, and how a refusal of it reads. */
import { shapeRefusal } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { z } from "zod";
import type { CallScope } from "./capability.ts";

/** A secret, a key or an id, as far as a stub looks at it. */
export const textArgument = z.string().min(1).max(512);

const after = z.union([z.int().min(0), z.string().max(256)]).optional();
const place = z.union([after, z.strictObject({ after, store: z.string().max(256).optional() })]);
const subscription = z.union([z.tuple([]), z.tuple([place])]);

/** The arguments of a call, of this shape. Throws INVALID_REQUEST. */
export function shaped<T>(schema: z.ZodType<T>, args: readonly unknown[]): T {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  throw shapeRefusal(result.error, "arguments");
}

/** From where a live view goes on: nothing, a cursor, or a cursor with the store that it is of. Throws LIVE_NEEDS_STREAM in a batch, and INVALID_REQUEST. */
export function livePlace(
  args: readonly unknown[],
  { isBatch }: CallScope,
): { after: string | undefined; store: string | undefined } {
  if (isBatch)
    throw new HoldfastError(
      "LIVE_NEEDS_STREAM",
      "A batch ends with its request; a live view needs a WebSocket.",
    );
  const [given] = shaped(subscription, args);
  const { after: cursor, store } = typeof given === "object" ? given : { after: given, store: undefined };
  return { after: cursor?.toString(), store };
}
