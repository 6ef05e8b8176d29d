import { payloadHash } from "@holdfast/kernel";
import { DELTA_FIELDS, type DeltaField } from "@holdfast/protocol";
import type { SentForm } from "../store/index.ts";

type Payload = Record<string, unknown>;
type Fields = Record<string, unknown>;

/** The texts of a published part that deltas extend, and the part without them. */
function split(payload: Payload): { texts: Partial<Record<DeltaField, string>>; rest: Payload } | undefined {
  const part = payload["part"] as Fields | undefined;
  if (part === undefined) return undefined;
  if (typeof part["text"] === "string" && (part["type"] === "text" || part["type"] === "reasoning")) {
    const { text, ...rest } = part;
    return { texts: { text }, rest: { part: rest } };
  }
  const state = part["state"] as Fields | undefined;
  if (part["type"] !== "tool" || state === undefined) return undefined;
  const { raw, output, ...rest } = state;
  const texts: Partial<Record<DeltaField, string>> = {};
  if (typeof raw === "string") texts.raw = raw;
  if (typeof output === "string") texts.output = output;
  return { texts, rest: { part: { ...part, state: rest } } };
}

/** What is remembered of a payload once the service has it (S-26). */
export function formOf(payload: Payload, parent: string | undefined): SentForm {
  const form: SentForm = { hash: payloadHash(payload), parent };
  const found = split(payload);
  if (found === undefined) return form;
  const texts = Object.entries(found.texts).map(([field, text]) => [
    field,
    { length: text.length, hash: payloadHash(text) },
  ]);
  return {
    ...form,
    rest: payloadHash(found.rest),
    texts: Object.fromEntries(texts) as NonNullable<SentForm["texts"]>,
  };
}

/** The delta that makes what was sent into this payload: only if nothing else differs, and the one text that differs begins with what was sent. */
export function growthOf(
  sent: SentForm,
  payload: Payload,
): { field: DeltaField; offset: number; text: string } | undefined {
  const now = sent.rest === undefined || sent.omitted !== undefined ? undefined : split(payload);
  if (now === undefined || payloadHash(now.rest) !== sent.rest) return undefined;
  const before = sent.texts ?? {};
  const fields = DELTA_FIELDS.filter(
    (field) => now.texts[field] !== undefined || before[field] !== undefined,
  );
  const grown = fields.filter((field) => {
    const [text, known] = [now.texts[field], before[field]];
    return text === undefined || known === undefined || known.hash !== payloadHash(text);
  });
  const field = grown[0];
  if (field === undefined || grown.length > 1) return undefined;
  const [text, known] = [now.texts[field], before[field]];
  if (text === undefined || known === undefined || text.length <= known.length) return undefined;
  if (payloadHash(text.slice(0, known.length)) !== known.hash) return undefined;
  return { field, offset: known.length, text: text.slice(known.length) };
}
