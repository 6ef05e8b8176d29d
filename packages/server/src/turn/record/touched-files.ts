import type { Message } from "@holdfast/protocol";
import type { ToolUpdate } from "../../agents/index.ts";

/** Most paths kept of one turn, and of one call; files beyond that are nobody's in particular (W-5: shared). */
const MAX_PATHS = 10_000;
const MAX_PATHS_OF_CALL = 1_000;

/** Kinds of calls that change nothing, so that the places they name say nothing about who changed a file. */
const READ_ONLY = new Set(["read", "search", "fetch", "think"]);
/** Kinds of calls whose path arguments are what they change. */
const CHANGING = new Set(["edit", "delete", "move"]);
const PATH_ARGUMENTS = ["path", "file_path", "filePath", "absolute_path", "notebook_path"];

type Named = "diff" | "place" | "argument";
type Touching = { kind: string | undefined; paths: Map<string, Set<Named>> };

/** Which files an agent says that it changes, in its own spelling (W-5). A call that fails is no evidence: it may have been refused. */
export class TouchedFiles {
  readonly #calls = new Map<string, Touching>();
  /** Written through us, so that nobody has to be believed. */
  readonly #written = new Set<string>();
  #size = 0;

  take(update: ToolUpdate): void {
    const { callId } = update;
    if (update.status === "error") {
      this.#size -= this.#calls.get(callId)?.paths.size ?? 0;
      this.#calls.delete(callId);
      return;
    }
    const call = this.#calls.get(callId) ?? { kind: undefined, paths: new Map<string, Set<Named>>() };
    this.#calls.set(callId, call);
    call.kind = update.kind ?? call.kind;
    for (const { path } of update.diffs ?? []) this.#add(call, path, "diff");
    for (const { path } of update.locations ?? []) this.#add(call, path, "place");
    for (const name of PATH_ARGUMENTS) {
      const path = update.input?.[name];
      if (typeof path === "string") this.#add(call, path, "argument");
    }
  }

  /** A file that the agent writes through its client, by its absolute path. */
  write(path: string): void {
    if (this.#written.size < MAX_PATHS) this.#written.add(path);
  }

  /** Every path that a call may have changed, once. */
  paths(): string[] {
    const found = [...this.#calls.values()].flatMap(({ kind, paths }) =>
      [...paths].flatMap(([path, named]) => (isChanging(kind, named) ? [path] : [])),
    );
    return [...new Set([...found, ...this.#written])];
  }

  #add({ paths }: Touching, path: string, named: Named): void {
    const known = paths.get(path);
    if (known !== undefined) known.add(named);
    else if (path !== "" && paths.size < MAX_PATHS_OF_CALL && this.#size < MAX_PATHS) {
      paths.set(path, new Set([named]));
      this.#size += 1;
    }
  }
}

/** What the stored calls of a turn that completed say: a call that was cut off may have done nothing. */
export function touchedBy(messages: readonly Message[]): string[] {
  const files = new TouchedFiles();
  for (const part of messages.flatMap(({ parts }) => parts))
    if (part.type === "tool" && part.state.status === "completed")
      files.take({ ...part, status: "completed", input: part.state.input });
  return files.paths();
}

function isChanging(kind: string | undefined, named: ReadonlySet<Named>): boolean {
  if (named.has("diff")) return true;
  if (named.has("argument") && kind !== undefined && CHANGING.has(kind)) return true;
  return named.has("place") && (kind === undefined || !READ_ONLY.has(kind));
}
