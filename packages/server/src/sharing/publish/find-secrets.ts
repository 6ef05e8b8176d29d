/** Finds what may be secret in a text by its look alone (S-17). Pure; the time it takes grows with the text, whatever stands in it. */
import type { MaskKind } from "@holdfast/protocol";
import { randomTexts } from "./random-looking.ts";
import { HOOK, INLINE_DATA, privateKeys, TOKEN } from "./secret-formats.ts";
import { isTellingText, isTellingWord, LEAST_VALUE, SECRET_NAME } from "./telling-value.ts";

/** A secret from `start` to before `end`; `value` is what it says, `text` as the place spells it. */
export type Found = { start: number; end: number; kind: MaskKind; value: string };

/** Most characters of one value that stands behind a name. */
const MOST_VALUE = 512;

const QUOTED = new RegExp(
  String.raw`${SECRET_NAME}(?:["'\`]\]?)?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}[bfru]?(["'\`])((?:\\.|(?!\3)[^\n\\]){${LEAST_VALUE},${MOST_VALUE}})(?=\3)`,
  "gi",
);
/** The same inside of a JSON text, where quotes have backslashes. */
const ESCAPED = new RegExp(
  String.raw`${SECRET_NAME}(?:\\{1,7}["'])?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}(\\{1,7}["'])((?:(?!\3)[^\n]){${LEAST_VALUE},${MOST_VALUE}}?)(?=\3)`,
  "gi",
);
const UNQUOTED = new RegExp(
  String.raw`${SECRET_NAME}((?:\\{0,7}["'\`])?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4})([^\s"'\`,;(){}[\]<>|\\&]{${LEAST_VALUE},${MOST_VALUE}})`,
  "gi",
);
const OPTION =
  /(?<=(?:^|[\s"'`])--?[\w-]{0,40}(?:password|passwd|passphrase|token|secret|api-?key|access-?key)(?:[ \t]{1,4}|=)["']?)[^\s"'`,\\]{6,512}/gi;
const BEARER = /(?<=\b(?:bearer|basic|digest)[ \t]{1,4})[A-Za-z0-9._~+/=-]{8,4096}/gi;
const USER_OPTION = /(?<=[ \t](?:-u|--user)[ =]["']?[^\s:"']{1,64}:)[^\s"']{4,256}/g;
const NETRC = /(?<=\blogin[ \t]\S{1,128}[ \t\n]{1,8}password[ \t])\S{4,256}/g;
const ADDRESS_PASSWORD = /(?<=:\/\/[^\s/:@"'<>]{0,128}:)[^\s/@"'<>]{4,256}(?=@)/g;
const ADDRESS_USER = /(?<=:\/\/)[^\s/:@"'<>]{16,256}(?=(?::x-oauth-basic)?@)/g;
const QUERY =
  /(?<=[?&](?:[\w-]{0,32}(?:token|key|secret|sig|signature|passw(?:or)?d|pwd|auth|credential|session|jwt|code))=)[^\s&#"'<>\\]{6,512}/gi;
const COOKIES = /\b(?:set-)?cookie["']?:[ \t]{0,4}["']?[^\r\n]{8,4096}/gi;
const COOKIE = /(?<==)[^;\s"']{8,2048}/g;

/** Letters and digits, or long: what is shorter and of one kind is a word. */
const isOdd = (value: string): boolean =>
  /[0-9]/.test(value)
    ? /[A-Za-z]/.test(value)
    : value.length >= 24 && /[a-z]/.test(value) && /[A-Z]/.test(value);

const always = (): boolean => true;
const isNoVariable = (value: string): boolean => !/^(?:[$%<*{]|\[masked)/.test(value);

/** `hint` is quick, and stands in every text in which the pattern finds something: most texts have none. */
type Rule = { pattern: RegExp; kind: MaskKind; isOne: (value: string) => boolean; hint?: RegExp };

const HINT = {
  hook: /hooks\.slack\.com|discord/,
  inlineData: /;base64,/,
  bearer: /bearer|basic|digest/i,
  option: /passw|passphrase|token|secret|(?:api|access)-?key/i,
  userOption: /[ \t](?:-u|--user)[ =]/,
  login: /\blogin[ \t]/,
  address: /:\/\/[^\s/@"'<>]{5,390}@/,
  query: /[?&][\w-]{0,48}=/,
  name: /pass(?:w|ph|code)|pwd|secret|connection|key|token|credential|authorization|dsn|otp|jwt/i,
  cookie: /cookie/i,
};

const RULES: readonly Rule[] = [
  { pattern: TOKEN, kind: "token", isOne: always },
  { pattern: HOOK, kind: "token", isOne: always, hint: HINT.hook },
  { pattern: INLINE_DATA, kind: "data", isOne: always, hint: HINT.inlineData },
  { pattern: BEARER, kind: "token", isOne: isOdd, hint: HINT.bearer },
  {
    pattern: OPTION,
    kind: "password",
    isOne: (value) => isTellingWord(value, { isStrong: true, isSetting: true }),
    hint: HINT.option,
  },
  { pattern: USER_OPTION, kind: "password", isOne: isNoVariable, hint: HINT.userOption },
  { pattern: NETRC, kind: "password", isOne: isNoVariable, hint: HINT.login },
  {
    pattern: ADDRESS_PASSWORD,
    kind: "address",
    isOne: (value) => isTellingText(value, true),
    hint: HINT.address,
  },
  { pattern: ADDRESS_USER, kind: "address", isOne: isOdd, hint: HINT.address },
  {
    pattern: QUERY,
    kind: "address",
    isOne: (value) => isNoVariable(value) && isOdd(value),
    hint: HINT.query,
  },
];

/** In no order; places may overlap. */
export function findSecrets(text: string): Found[] {
  const found: Found[] = [];
  const add = (start: number, spelled: string, kind: MaskKind): void => {
    found.push({ start, end: start + spelled.length, kind, value: unescaped(spelled) });
  };
  for (const { start, end } of privateKeys(text)) add(start, text.slice(start, end), "key");
  for (const { pattern, kind, isOne, hint } of RULES) {
    if (hint?.test(text) === false) continue;
    for (const match of text.matchAll(pattern)) if (isOne(match[0])) add(match.index, match[0], kind);
  }
  if (HINT.name.test(text)) addNamed(text, add);
  if (HINT.cookie.test(text))
    for (const header of text.matchAll(COOKIES))
      for (const match of header[0].matchAll(COOKIE))
        if (isOdd(match[0])) add(header.index + match.index, match[0], "token");
  for (const { start, end } of randomTexts(text)) add(start, text.slice(start, end), "random");
  return found;
}

/** What stands behind the name of a secret. */
function addNamed(text: string, add: (start: number, spelled: string, kind: MaskKind) => void): void {
  for (const pattern of [QUOTED, ESCAPED])
    for (const match of text.matchAll(pattern)) {
      const [whole, strong, , , value = ""] = match;
      if (isTellingText(value, strong !== undefined))
        add(match.index + whole.length - value.length, value, "password");
    }
  for (const match of text.matchAll(UNQUOTED)) {
    const [whole, strong, weak, between = "", value = ""] = match;
    const name = { isStrong: strong !== undefined, isSetting: isSetting(strong ?? weak ?? "", between) };
    if (isTellingWord(value, name)) add(match.index + whole.length - value.length, value, "password");
  }
}

/** As files of settings and shells write it: the name in capitals, and no blank around the sign. */
const isSetting = (word: string, between: string): boolean => between === "=" && word === word.toUpperCase();

/** What a quoted text says; as it is where it is no text of JSON. */
function unescaped(text: string): string {
  if (!text.includes("\\") || text.includes("\n")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
