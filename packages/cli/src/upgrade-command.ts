/** `holdfast upgrade`: says what to type to get a newer version, and to go back (I-27). It changes nothing. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "@holdfast/protocol";
import { askProgram } from "./ask-program.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine, shellLine } from "./output.ts";
import { DATABASE_FILE } from "./server-file.ts";
import { isOlder } from "./start-server.ts";

/** How long npm may take to ask its registry, in ms. */
const REGISTRY_MS = 60_000;
const UPGRADE = "npm install -g holdfast";

/** A database as it was before a migration; the server keeps it for 7 days (D-33). */
type Copy = { path: string; schema: number; time: number; bytes: number };

/** With `check` asks the registry what is newest; else nobody is asked. Throws CliError (6) when there is no answer. */
export async function upgrade(context: Context, flags: { check?: boolean }): Promise<ExitCode> {
  const { output, settings } = context;
  const newest = flags.check === true ? await newestVersion() : undefined;
  const copies = copiesIn(settings.dataDirectory);
  const goBack = wayBack(settings.dataDirectory, copies[0]);
  if (context.isJson) {
    const found = newest === undefined ? {} : { newest, isOlder: isOlder(VERSION, newest) };
    output.json({ version: VERSION, ...found, upgrade: UPGRADE, goBack, copies });
    return EXIT.completed;
  }
  if (newest === undefined)
    output.line(
      `This is holdfast ${VERSION}. \`holdfast upgrade --check\` asks npm's registry for a newer one.`,
    );
  else if (isOlder(VERSION, newest)) output.line(`This is holdfast ${VERSION}; ${newest} is there.`);
  else output.line(`This is holdfast ${VERSION}; npm's registry has nothing newer (${newest}).`);
  output.line(`
To upgrade:
  ${UPGRADE}
  holdfast stop       the next command starts the new server, or \`systemctl --user restart holdfast\`

A newer server may change the database. It keeps a copy from before beside it for 7 days, as ${DATABASE_FILE}.v<schema>.copy.

To go back:
  holdfast stop
  npm install -g holdfast@<version>       this is ${VERSION}
and if that one says that the database is newer, put the copy in its place; what happened since is not in it, and stays in newer/:
  ${goBack}`);
  for (const { path, time, bytes } of copies)
    output.line(`There is ${exactLine(path)}, ${bytes} bytes, ${ago(time, Date.now())}.`);
  return EXIT.completed;
}

/** The user's own npm asks the registry that it is configured for; not by the settings of a project that one stands in. */
async function newestVersion(): Promise<string> {
  const answer = await askProgram(["npm", "view", "holdfast", "version", "--json", "--global"], REGISTRY_MS);
  if ("why" in answer && answer.why.includes("E404"))
    throw new CliError(
      EXIT.unreachable,
      "npm's registry has no package holdfast: it is not published there.",
    );
  if ("why" in answer)
    throw new CliError(
      EXIT.unreachable,
      `npm could not tell the newest version: ${exactLine(answer.why, 200)}`,
    );
  const [, version] = /^"(\d+\.\d+\.\d+[\w.+-]*)"$/.exec(answer.text.trim()) ?? [];
  if (version !== undefined) return version;
  throw new CliError(EXIT.unreachable, `npm answered no version: ${exactLine(answer.text.trim(), 200)}`);
}

/** The newest first. */
function copiesIn(dataDirectory: string): Copy[] {
  let names: string[];
  try {
    names = readdirSync(dataDirectory);
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      const [, schema] = new RegExp(`^${DATABASE_FILE}\\.v(\\d+)\\.copy$`).exec(name) ?? [];
      if (schema === undefined) return [];
      const path = join(dataDirectory, name);
      const { mtimeMs, size } = statSync(path);
      return [{ path, schema: Number(schema), time: Math.round(mtimeMs), bytes: size }];
    })
    .sort((a, b) => b.schema - a.schema);
}

/** The newer database is put aside with what belongs to it, never deleted. */
function wayBack(dataDirectory: string, copy: Copy | undefined): string {
  const files = ["", "-wal", "-shm"].map((suffix) => DATABASE_FILE + suffix).join(" ");
  const from = `${DATABASE_FILE}.v${copy?.schema ?? "<schema>"}.copy`;
  return `cd ${shellLine([dataDirectory])} && mkdir newer && for f in ${files}; do test ! -e $f || mv $f newer/; done && cp ${from} ${DATABASE_FILE}`;
}
