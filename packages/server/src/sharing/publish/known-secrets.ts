/** What is secret on this machine whatever it looks like (S-17): values of its environment and configuration that are secrets by their names. Pure. */
import { findSecrets } from "./find-secrets.ts";
import { isTellingText, LEAST_VALUE } from "./telling-value.ts";

/** In a variable's name: surely a secret, or perhaps. */
const STRONG = /pass(?:word|wd|phrase)?(?![a-z])|pwd|secret|token|api_?key|access_?key|private_?key/i;
const WEAK = /key|auth(?!or)|credential|dsn|cookie|jwt|sas|cert|connection|bearer|license|webhook/i;
/** Says where something is, or how it is done. */
const NO_VALUE =
  /(?:_(?:file|path|dir|directory|sock|socket|ttl|timeout|type|name|url|uri|host|port|id|bindings|layout|map|size|length|count|enabled|program|command|cmd)|askpass)$|^(?:pwd|oldpwd|path|home|shlvl|term|lang)$/i;

/** Values of variables, each once: those whose names say so, and what in others looks like one. */
export function secretsInVariables(variables: Readonly<Record<string, string | undefined>>): string[] {
  const found = Object.entries(variables).flatMap(([name, value]) => {
    if (value === undefined || value.length < LEAST_VALUE) return [];
    const looks = findSecrets(`${name}=${value}`).map((secret) => secret.value);
    return isSecret(name, value) ? [value, ...looks] : looks;
  });
  return [...new Set(found)].filter(({ length }) => length >= LEAST_VALUE);
}

function isSecret(name: string, value: string): boolean {
  if (NO_VALUE.test(name)) return false;
  if (STRONG.test(name)) return isTellingText(value, true);
  return WEAK.test(name) && isTellingText(value, false);
}
