/** Whether what stands behind a name such as `password` may be a secret, or only stands for one. */

/** Shortest value that is taken for one. */
export const LEAST_VALUE = 6;

/** Values that stand in examples, types and defaults; to mask them would mask words. */
const PLAIN = new Set(
  `password passwd passphrase secret secrets token tokens string number boolean object symbol integer required optional undefined
   nothing default disabled enabled example sample testing postgres postgresql mysql mariadb mongodb redis rabbitmq admin administrator
   username bearer hidden visible private public unknown invalid missing expired revoked changed updated api-key api_key apikey
   access-token access_token accesstoken refresh-token refresh_token refreshtoken id_token csrf-token csrf_token client_secret
   client-secret current-password new-password confirm-password one-time-code changeme change-me change_me changeit placeholder
   redacted masked keyword identifier comment function operator variable punctuation whitespace newline literal`
    .split(/\s+/)
    .filter(Boolean),
);

/** Names something elsewhere: a variable, a path, an address, a template, a placeholder. */
const REFERENCE =
  /^(?:[$%<*]|\{\{|\.{3}|process\.|os\.|env[.(]|import\.|secrets?\.|vars\.|config\.|vault:|op:\/\/|https?:\/\/|\[(?:masked|redacted)|x{4,}|(?:your|my|the|some)[-_ ])/i;

const PATH = /^(?:~|\.{1,2})?(?:\/[\w.@-]+)+\/?$/;

/** A chain of names as in code: `config.apiKey`, `getToken()`. */
const CODE = /^[A-Za-z_$][A-Za-z_$]*(?:(?:\.|\?\.|->|::)[A-Za-z_$][\w$]*)*(?:[([].*)?[!?]?$/;

const isPlain = (value: string): boolean =>
  value.length < LEAST_VALUE ||
  PLAIN.has(value.toLowerCase()) ||
  REFERENCE.test(value) ||
  PATH.test(value) ||
  /^(.)\1*$/.test(value);

/** Letters with digits or other signs: no word, and no count. */
const isMixed = (value: string): boolean => /[A-Za-z]/.test(value) && /[^A-Za-z\s._-]/.test(value);

/** What stands in quotes. `isStrong`: the name says a password, and not only a token or a key, which many things are. */
export function isTellingText(value: string, isStrong: boolean): boolean {
  if (isPlain(value)) return false;
  return isStrong ? true : isMixed(value) && value.length >= 8 && !/\s/.test(value);
}

/** What stands without quotes. `isSetting`: as files of settings write it (`NAME=value`), where nothing is code. */
export function isTellingWord(value: string, name: { isStrong: boolean; isSetting: boolean }): boolean {
  if (isPlain(value)) return false;
  if (name.isSetting && name.isStrong) return true;
  if (!isMixed(value) || CODE.test(value)) return false;
  return name.isStrong || value.length >= 8;
}

const STRONG = String.raw`pass(?:word|wd|phrase|code)|(?<![a-z])pwd|secret(?:[-_ ]?(?:access[-_ ]?)?key)?|connection[-_ ]?string`;
const WEAK = String.raw`(?:api|access|private|auth|encryption|signing|master|account|service|storage|license|subscription|client|deploy)[-_ ]?key|token|credentials?|authorization|(?<![a-z])dsn|(?<![a-z])otp|(?<![a-z])jwt`;
/** What a name of a secret may end in beside that word. */
const SUFFIX = String.raw`(?:[-_](?:prod|production|dev|development|staging|test|live|base|b64|base64|old|new|[0-9]{1,3}))?`;

/** The end of a name that has a secret for its value; its first group is a strong word, its second a weak one. */
export const SECRET_NAME = String.raw`(?:(${STRONG})|(${WEAK}))${SUFFIX}`;

const WHOLE_NAME = new RegExp(`${SECRET_NAME}$`, "i");

/** Whether a field of this name has a secret for its value, and how sure that is. */
export function secrecyOf(name: string): "strong" | "weak" | undefined {
  const match = WHOLE_NAME.exec(name);
  if (match === null) return undefined;
  return match[1] === undefined ? "weak" : "strong";
}
