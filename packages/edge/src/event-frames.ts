/** How events of a log are written for readers (I-5): as server-sent events, and where a reader takes messages as JSON with the same three fields. */
import type { ControlType } from "@holdfast/protocol";

/** `id`: the place by which a reader goes on; `data`: JSON on one line, which is placed as it is. */
type EventFrame = { id: string | number; type: string; data: string };

/** What a stream says of itself. It never carries an id, so no reader takes it for a place in the log (D-23). */
export type ControlFrame = { type: ControlType; data: object };

/** An encoding that is made once of what was committed together, for as long as a reader needs it (D-24, S-19). */
export function encodeOnce<Event, Encoded extends object>(
  encode: (events: readonly Event[]) => Encoded,
): (events: readonly Event[]) => Encoded {
  const made = new WeakMap<readonly Event[], Encoded>();
  return (events) => {
    const known = made.get(events);
    if (known !== undefined) return known;
    const encoded = encode(events);
    made.set(events, encoded);
    return encoded;
  };
}

/** Server-sent events, all of a batch in one piece. */
export const eventBytes = <Event>(
  frameOf: (event: Event) => EventFrame,
): ((batch: readonly Event[]) => Buffer) =>
  encodeOnce((batch) =>
    Buffer.from(
      batch
        .map(frameOf)
        .map(({ id, type, data }) => `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`)
        .join(""),
    ),
  );

/** A JSON text for each event of a batch. */
export const eventTexts = <Event>(
  frameOf: (event: Event) => EventFrame,
): ((batch: readonly Event[]) => readonly string[]) =>
  encodeOnce((batch) =>
    batch.map(frameOf).map(({ id, type, data }) => `{"id":"${id}","event":"${type}","data":${data}}`),
  );

export const controlBytes = ({ type, data }: ControlFrame): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);

export const controlText = ({ type, data }: ControlFrame): string => JSON.stringify({ event: type, data });
