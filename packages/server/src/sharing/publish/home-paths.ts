/** Paths as they are told: relative to the workspace, and `~` for the home directory (S-17). Pure. */

/** Absolute paths without a slash at their end. Of each place every path that leads there, links included. */
export type Places = { workspace: readonly string[]; home: readonly string[] };

/** Rewrites paths in any text. */
export type PathRewriter = (text: string) => string;

/** Behind a path of ours: its name does not go on, so that `/home/me/app2` is not in `/home/me/app`. */
const ENDS = String.raw`(?![\w-]|\.\w)`;
/** A slash behind it, as JSON may write it too. */
const SLASH = String.raw`\\{0,3}\/`;

export function pathRewriter({ workspace, home }: Places): PathRewriter {
  const inside = patternOf(workspace, `(?:${SLASH}|${ENDS})`);
  const below = patternOf(home, ENDS);
  const dashed = home.filter((path) => path.split("/").length > 2).map((path) => path.replaceAll("/", "-"));
  const named =
    dashed.length === 0 ? undefined : new RegExp(`(?<!\\w)(?:${dashed.map(escaped).join("|")})(?!\\w)`, "g");
  return (text) => {
    let told = text;
    if (inside !== undefined)
      told = told.replace(inside, (match: string, at: number, whole: string) => {
        const hasSlash = match.endsWith("/");
        const next = whole[at + match.length];
        return hasSlash && next !== undefined && /[\w.@~+-]/.test(next) ? "" : hasSlash ? "./" : ".";
      });
    if (below !== undefined) told = told.replace(below, "~");
    return named === undefined ? told : told.replace(named, "~");
  };
}

/** Places that are whole file systems are no places. */
function patternOf(paths: readonly string[], behind: string): RegExp | undefined {
  const forms = new Set(paths.filter((path) => /^\/[^/]/.test(path)).flatMap(formsOf));
  if (forms.size === 0) return undefined;
  const longestFirst = [...forms].toSorted((one, other) => other.length - one.length);
  return new RegExp(`(?:${longestFirst.map(escaped).join("|")})${behind}`, "g");
}

/** As JSON and addresses spell a path. */
function formsOf(path: string): string[] {
  return [
    path,
    JSON.stringify(path).slice(1, -1),
    path.replaceAll("/", "\\/"),
    encodeURI(path.toWellFormed()),
  ];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
