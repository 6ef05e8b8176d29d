/** What is said of each place, held against what was made: the judgement of `npm run model-coverage`. Pure. */
import { type Backend, BACKENDS } from "./tally.ts";

/** A backend, or Holdfast itself, which makes its places whatever the backend. */
export const MAKERS = [...BACKENDS, "Holdfast"] as const;
export type Maker = (typeof MAKERS)[number];

/** Which code makes a place. `told`: what backends tell, so that each of them must be seen to, or cannot; else it is Holdfast's own. */
export type Source = { code: readonly string[]; told: boolean };

/** A file of the repository that shows why something cannot be: a recorded stream, or (this `type` of) a schema, and a word that it does not have. */
type Citation = { file: string; type?: string | undefined; lacks: string };

/** What makers cannot make, and all that is below; `waits`: Holdfast does not make it yet, whose schema is there. */
export type Cannot = {
  places: readonly string[];
  on: readonly Maker[];
  why: string;
  waits: boolean;
  cites: readonly Citation[];
};

/** A line of what a session must not lose: where the model keeps it, which tests show what is no row, and what of it is not built. */
export type Asked = { line: string; places: readonly string[]; tests: readonly string[]; waits: string };

export type Table = {
  /** By the beginning of a place; the longest counts. */
  sources: Readonly<Record<string, Source>>;
  cannot: readonly Cannot[];
  asked: readonly Asked[];
};

/** In which test files rows that fill a place were made, by backend. */
export type Made = Readonly<Record<string, Partial<Record<Backend, readonly string[]>>>>;

/** What was found of one place by one maker: test files, or the number of what says that it cannot. */
export type Cell = { tests: readonly string[] } | { cannot: number };
export type Line = { place: string; source: Source | undefined; cells: Partial<Record<Maker, Cell>> };

/** Whether `place` is `beginning` or something in it. */
export const isIn = (place: string, beginning: string): boolean =>
  place.startsWith(beginning) && /^(?:$|[.<=[])/.test(place.slice(beginning.length));

/** What to show of each place, and what is wrong with the table or with what was made. */
export function judge(
  places: readonly string[],
  made: Made,
  table: Table,
): { lines: Line[]; faults: string[] } {
  const faults: string[] = [];
  const used = new Set<unknown>();
  const lines = places.map((place): Line => {
    const source = sourceOf(place, table.sources, used);
    if (source === undefined) faults.push(`${place}: nobody is named that makes it`);
    const cells: Line["cells"] = {};
    for (const maker of source?.told === true ? BACKENDS : (["Holdfast"] as const)) {
      const tests = testsOf(made[place], maker);
      const at = table.cannot.findIndex(
        ({ places: some, on }) => on.includes(maker) && some.some((one) => isIn(place, one)),
      );
      for (const one of table.cannot[at]?.places ?? [])
        if (isIn(place, one)) used.add(`${at} ${one} ${maker}`);
      if (tests.length > 0 && at >= 0)
        faults.push(`${place}: ${maker} made it in ${tests[0]}, and it is said that it cannot (${at + 1})`);
      if (tests.length === 0 && at < 0) faults.push(`${place}: ${maker} was not seen to make it`);
      cells[maker] = at >= 0 ? { cannot: at + 1 } : { tests };
    }
    return { place, source, cells };
  });
  for (const [beginning, source] of Object.entries(table.sources))
    if (!used.has(source)) faults.push(`${beginning}: there is no such place, or each has another source`);
  for (const [at, { places: some, on }] of table.cannot.entries())
    for (const one of some)
      for (const maker of on)
        if (!used.has(`${at} ${one} ${maker}`))
          faults.push(`what cannot be, ${at + 1}: nobody asks ${maker} for ${one}`);
  return { lines, faults: [...faults, ...judgeAsked(places, made, table.asked)] };
}

function sourceOf(place: string, sources: Table["sources"], used: Set<unknown>): Source | undefined {
  const beginnings = Object.keys(sources).filter((one) => isIn(place, one));
  const [longest] = beginnings.toSorted((a, b) => b.length - a.length);
  const source = longest === undefined ? undefined : sources[longest];
  used.add(source);
  return source;
}

function testsOf(made: Made[string] | undefined, maker: Maker): readonly string[] {
  if (maker !== "Holdfast") return made?.[maker] ?? [];
  return BACKENDS.flatMap((backend) => made?.[backend] ?? []).toSorted();
}

/** No line may be made by nobody. */
function judgeAsked(places: readonly string[], made: Made, asked: readonly Asked[]): string[] {
  const known = new Set(places);
  return asked.flatMap(({ line, places: some, tests }) => {
    if (some.length + tests.length === 0) return [`asked, and nothing shows it: ${line}`];
    return some
      .filter((one) => !known.has(one) || testsOf(made[one], "Holdfast").length === 0)
      .map((one) =>
        known.has(one) ? `${one}: nobody makes it, which is asked: ${line}` : `there is no place ${one}`,
      );
  });
}

/** Files that are named and do not show what they are named for. `read` answers a file's text, or undefined. */
export function judgeFiles(table: Table, read: (file: string) => string | undefined): string[] {
  const code = Object.entries(table.sources).flatMap(([beginning, { code: files }]) =>
    files.flatMap((file, at) => {
      const text = read(file)?.toLowerCase();
      if (text === undefined) return [`${beginning}: there is no ${file}`];
      const [, ...fields] = beginning.match(/[\w-]+/g) ?? [];
      const word = fields.at(-1)?.toLowerCase() ?? "";
      const names = at > 0 || text.includes(word);
      return names ? [] : [`${beginning}: ${file} does not name ${word}`];
    }),
  );
  const cited = table.cannot.flatMap(({ waits, cites }, at) => [
    ...(waits || cites.length > 0 ? [] : [`what cannot be, ${at + 1}: nothing shows it`]),
    ...cites.flatMap(({ file, type, lacks }) => {
      const text = partOf(read(file), type);
      if (text === undefined) return [`what cannot be, ${at + 1}: there is no ${type ?? ""} ${file}`];
      return text.includes(lacks) ? [`what cannot be, ${at + 1}: ${file} has ${lacks} by now`] : [];
    }),
  ]);
  const tests = table.asked
    .flatMap(({ tests: some }) => some)
    .filter((file) => read(file) === undefined)
    .map((file) => `there is no ${file}`);
  return [...code, ...cited, ...tests];
}

/** One definition of a JSON Schema, or the whole file. */
function partOf(text: string | undefined, type: string | undefined): string | undefined {
  if (text === undefined || type === undefined) return text;
  const { $defs } = JSON.parse(text) as { $defs: Record<string, unknown> };
  return type in $defs ? JSON.stringify($defs[type]) : undefined;
}
