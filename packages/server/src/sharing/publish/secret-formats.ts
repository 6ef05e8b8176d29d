/** Secrets that tell themselves by their form, whatever stands around them (S-17). Each repetition has a bound. */

/** Begins of tokens that services give out, with what follows them. */
const TOKENS = [
  // Holdfast's own: refs, browser tokens, publish keys.
  String.raw`hf[a-z]_[A-Za-z0-9_-]{20,128}`,
  String.raw`(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}`,
  String.raw`gh[oprsu]_[A-Za-z0-9]{20,255}`,
  String.raw`github_pat_[A-Za-z0-9_]{20,255}`,
  String.raw`gl(?:pat|rt|dt|cbt|ptt|ft|soat|agent|imt|ffct)-[A-Za-z0-9_.-]{16,300}`,
  String.raw`xox[abeoprs]-[A-Za-z0-9-]{10,255}`,
  String.raw`xapp-[A-Za-z0-9-]{10,255}`,
  String.raw`sk-[A-Za-z0-9_-]{16,255}`,
  String.raw`[rsp]k_(?:live|test)_[A-Za-z0-9]{10,255}`,
  String.raw`whsec_[A-Za-z0-9+/=]{16,128}`,
  String.raw`AIza[A-Za-z0-9_-]{30,64}`,
  String.raw`ya29\.[A-Za-z0-9_-]{20,512}`,
  String.raw`GOCSPX-[A-Za-z0-9_-]{20,64}`,
  String.raw`hf_[A-Za-z0-9]{20,128}`,
  String.raw`npm_[A-Za-z0-9]{30,128}`,
  String.raw`pypi-[A-Za-z0-9_-]{40,400}`,
  String.raw`SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}`,
  String.raw`do[opr]_v1_[a-f0-9]{64}`,
  String.raw`hv[bs]\.[A-Za-z0-9_-]{20,255}`,
  String.raw`(?:gsk|xai|pplx|sbp|lin_api|ntn|nvapi|r8|fo1|pscale_tkn|dp\.[a-z]{2,5})[-_.][A-Za-z0-9_-]{20,255}`,
  String.raw`dapi[a-f0-9]{32}`,
  String.raw`shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}`,
  String.raw`sntr[ysu]_[A-Za-z0-9_=+/-]{20,255}`,
  String.raw`ATATT3[A-Za-z0-9_=-]{20,400}`,
  String.raw`AGE-SECRET-KEY-1[A-Z0-9]{50,64}`,
  String.raw`key-[0-9a-f]{32}`,
  String.raw`[0-9]{8,10}:AA[A-Za-z0-9_-]{32,36}`,
  String.raw`[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}`,
  String.raw`eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{4,1024}`,
];

/** A token of a service that stands alone. */
export const TOKEN = new RegExp(`(?<![A-Za-z0-9])(?:${TOKENS.join("|")})`, "g");

/** The address of a hook is its secret. */
export const HOOK =
  /(?<=hooks\.slack\.com\/(?:services|workflows)\/|discord(?:app)?\.com\/api\/webhooks\/)[A-Za-z0-9_/-]{16,255}/g;

/** Most characters between the frames of a key. */
const MOST_KEY = 16_384;
const KEY_HEAD = String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`;
const KEY_END = String.raw`-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----`;
/** Between two lines of a key: line ends as they are or as JSON writes them, and what quotes, diffs and concatenations put before a line. */
const KEY_BETWEEN = String.raw`(?:\s|\\{1,4}[nrt]|["'+|>#,*\\-]){0,64}`;

const KEY_BEGIN = "-----BEGIN ";
const HEAD_HERE = new RegExp(KEY_HEAD, "y");
const NEXT_END = new RegExp(KEY_END, "g");
/** Lines of a key that has no end. */
const KEY_LINES = new RegExp(`(?:${KEY_BETWEEN}[A-Za-z0-9+/=:,-]{8,}){0,400}`, "y");

/** Private keys with their frames; of one without its end as far as its lines go. Each character is looked at a few times, however many begin. */
export function privateKeys(text: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let close: { start: number; end: number } | undefined;
  let next = 0;
  for (let at = text.indexOf(KEY_BEGIN); at >= 0; at = text.indexOf(KEY_BEGIN, next)) {
    next = at + 1;
    HEAD_HERE.lastIndex = at;
    if (!HEAD_HERE.test(text)) continue;
    const body = HEAD_HERE.lastIndex;
    if (close === undefined || close.start < body) {
      NEXT_END.lastIndex = body;
      const match = NEXT_END.exec(text);
      close = { start: match?.index ?? Infinity, end: NEXT_END.lastIndex };
    }
    KEY_LINES.lastIndex = body;
    const isClosed = close.start - body <= MOST_KEY;
    next = isClosed ? close.end : KEY_LINES.test(text) ? KEY_LINES.lastIndex : body;
    found.push({ start: at, end: next });
  }
  return found;
}

/** A head of which the rest may still come. */
const OPEN_HEAD = /^-----BEGIN [A-Z0-9 ]{0,60}-{0,5}$/;
const MOST_HEAD = 80;

/** Where a private key begins that has not ended, or what may become one; `undefined`: nowhere. Each character is looked at a few times, however many begin. */
export function openKey(text: string): number | undefined {
  let end: number | undefined;
  for (let at = text.indexOf(KEY_BEGIN); at >= 0; at = text.indexOf(KEY_BEGIN, at + 1)) {
    HEAD_HERE.lastIndex = at;
    if (!HEAD_HERE.test(text)) {
      if (text.length - at <= MOST_HEAD && OPEN_HEAD.test(text.slice(at))) return at;
      continue;
    }
    if (end === undefined || end < at) {
      NEXT_END.lastIndex = at;
      end = NEXT_END.test(text) ? NEXT_END.lastIndex : Number.POSITIVE_INFINITY;
    }
    if (end === Number.POSITIVE_INFINITY && text.length - at <= MOST_KEY) return at;
  }
  return undefined;
}

/** Content of a file that stands in a text, as an address of its own. */
export const INLINE_DATA =
  /(?<=\bdata:[\w.+-]{1,64}\/[\w.+-]{1,64}(?:;[\w=-]{1,64}){0,4};base64,)[A-Za-z0-9+/=]{32,}/g;
