import { importedNames, memberPath, type Rule, wordsIn } from "./syntax.ts";

/** Functions of `fs` and `fs/promises` that open a file, whole or as a stream; closing what they opened drops SQLite's locks (D-17). */
const OPENING = [
  "appendFile",
  "copyFile",
  "cp",
  "createReadStream",
  "createWriteStream",
  "open",
  "openAsBlob",
  "readFile",
  "truncate",
  "writeFile",
];
const OPENING_CALLS = new Set(OPENING.flatMap((name) => [name, `${name}Sync`]));
const FS_MODULES = new Set(["fs", "fs/promises", "node:fs", "node:fs/promises"]);

const DATABASE_FILE = /(\.db|\.sqlite3?|-wal|-shm|server\.lock)\b/i;
const DATABASE_NAME = /(database|sqlite|^db$|^db[A-Z]|Db$|Db(Path|File|Url)|^wal|Wal|^shm|lock(Path|File))/;

const MESSAGE =
  "No code in a process that has a database open opens or copies its files with fs: it drops SQLite's locks (D-17). Copy through SQLite.";

/**
 * Reports calls of opening `fs` functions on something that is named like a database file. With the option `"all"` (rooms that
 * stand beside an open database) every call of such a function is reported; one that surely opens another file is allowed by a
 * disable comment that says which file it is.
 */
export const databaseFsRule: Rule = {
  meta: { schema: [{ enum: ["all"] }] },
  create(context) {
    const all = context.options[0] === "all";
    const bindings = new Map<string, string>();
    const namespaces = new Set<string>();
    return {
      ImportDeclaration(node) {
        if (!FS_MODULES.has(String(node.source?.value)) || node.importKind === "type") return;
        for (const specifier of node.specifiers ?? []) {
          const local = specifier.local?.name;
          if (local === undefined) continue;
          const imported = specifier.imported?.name;
          if (imported === undefined || imported === "promises" || imported === "default")
            namespaces.add(local);
          else if (importedNames(node).includes(imported)) bindings.set(local, imported);
        }
      },
      CallExpression(node) {
        const path = node.callee === undefined ? undefined : memberPath(node.callee);
        if (path === undefined) return;
        const [head = "", ...rest] = path.split(".");
        const name = rest.length === 0 ? bindings.get(head) : namespaces.has(head) ? rest.at(-1) : undefined;
        if (name === undefined || !OPENING_CALLS.has(name)) return;
        if (
          all ||
          wordsIn(node.arguments).some((word) => DATABASE_FILE.test(word) || DATABASE_NAME.test(word))
        ) {
          context.report({ node, message: MESSAGE });
        }
      },
    };
  },
};
