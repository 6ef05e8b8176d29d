/** Text that nobody wrote: keys and tokens of no known form (S-17). A heuristic; what it takes for one is masked once too often rather than too seldom. */

/** Characters of the shortest that is looked at. */
const LEAST = 20;
/** Characters that are left of it without its words. */
const LEAST_RANDOM = 16;
/** Mean length of its runs of letters or digits: words have four and more, random text has about two. */
const MOST_RUN = 3;
const LEAST_HEX = 32;

const CANDIDATE = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{20,}/g;
const RUN = /[A-Z]?[a-z]+|[A-Z]+|[0-9]+/g;
const HEX = /^[0-9a-f]+$|^[0-9A-F]+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Ids of rows here; they are no authority. */
const OWN_ID = /^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$/;
/** In front of a checksum, which is random and no secret. */
const SUM =
  /(?:\b(?:sha-?(?:1|224|256|384|512)|md5|h1|checksum|digest|integrity|etag)\b["']?\s{0,4}[:=-]?\s{0,4}["']?|@sha256:)$/i;
/** In front of the name that git gives to an object. */
const OBJECT =
  /(?:\b(?:commit|tree|parent|object|blob|merge|index|revision|HEAD is now at)\b["']?\s{0,4}[:=]?\s{0,4}["']?|#|\.\.)$/i;
const OBJECT_NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** So much is looked at of what stands in front. */
const BEFORE = 40;

export type Place = { start: number; end: number };

/** Where random text stands. */
export function randomTexts(text: string): Place[] {
  const found: Place[] = [];
  for (const match of text.matchAll(CANDIDATE)) {
    const start = match.index;
    const before = text.slice(Math.max(0, start - BEFORE), start);
    if (SUM.test(before) || (OBJECT_NAME.test(match[0]) && OBJECT.test(before))) continue;
    for (const piece of piecesOf(match[0]))
      if (isRandom(piece.text))
        found.push({ start: start + piece.at, end: start + piece.at + piece.text.length });
  }
  return found;
}

/** A path is looked at name by name; base64, which may have slashes too, as a whole. */
function piecesOf(text: string): { text: string; at: number }[] {
  const names = text.split("/");
  if (names.length === 1 || !names.some(isWord)) return [{ text, at: 0 }];
  let at = 0;
  return names.map((name) => {
    const piece = { text: name, at };
    at += name.length + 1;
    return piece;
  });
}

const isWord = (text: string): boolean => /^[A-Z]?[a-z]{3,}(?:[-_][A-Za-z0-9]+)*$/.test(text);

function isRandom(text: string): boolean {
  const bare = text.replace(/=+$/, "");
  if (bare.length < LEAST || UUID.test(bare) || OWN_ID.test(bare)) return false;
  // Before it is taken apart: a line of one sign may be very long.
  if (!/[A-Za-z]/.test(bare) || !/[0-9]/.test(bare)) return false;
  const rest = bare
    .split(/[-_=]/)
    .filter((piece) => !/^(?:[A-Z]?[a-z]*|[A-Z]+|[0-9]+)$/.test(piece))
    .join("");
  if (rest.length < LEAST_RANDOM || !/[A-Za-z]/.test(rest) || !/[0-9]/.test(rest)) return false;
  if (HEX.test(rest)) return rest.length >= LEAST_HEX;
  const runs = rest.match(RUN) ?? [];
  const letters = runs.reduce((sum, run) => sum + run.length, 0);
  return runs.length > 0 && letters / runs.length < MOST_RUN;
}
