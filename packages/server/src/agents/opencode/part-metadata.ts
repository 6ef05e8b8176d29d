import { object, type Json } from "./json.ts";

/** Largest metadata of a part that is kept, in bytes of JSON; sealed reasoning is the largest that providers send. */
const MAX_METADATA_BYTES = 64 * 1024;

/** What the model's provider says of a part beside its content; `undefined` when that is nothing, or more than is kept. */
export function partMetadata(part: Json): Json | undefined {
  const metadata = object(part["metadata"]);
  const isKept =
    Object.keys(metadata).length > 0 && Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES;
  return isKept ? metadata : undefined;
}
