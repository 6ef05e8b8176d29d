/** Which files git converts between the disk and its store. */
import { bytesOf, type Checkout, runGit } from "../git/index.ts";

export type Conversion = {
  attributes: string;
  /** Nothing but line ends is converted. */
  onlyLineEnds: boolean;
  /** Line ends are taken away and never added: then equal lengths are equal contents. */
  onlyShortens: boolean;
};

const RELEVANT = new Set(["text", "crlf", "eol", "filter", "ident", "working-tree-encoding"]);

/** The names (from the top) that are converted in some way; most repositories have none. */
export async function conversionsOf(
  checkout: Checkout,
  indexFile: string,
  names: readonly string[],
): Promise<Map<string, Conversion>> {
  const all = new Map<string, Conversion>();
  if (names.length === 0) return all;
  const [settings, attributes] = await Promise.all([
    lineEndSettings(checkout),
    attributesOf(checkout, indexFile, names),
  ]);
  const addsByConfig = settings.autocrlf === "true" || settings.eol === "crlf";
  for (const name of settings.converts ? names : attributes.keys()) {
    const own = attributes.get(name) ?? new Map<string, string>();
    const filter = own.get("filter");
    const isFiltered = filter !== undefined && filter !== "unset" && filter !== "set";
    const isExpanded = own.get("ident") === "set";
    const encoding = own.get("working-tree-encoding");
    const isEncoded = encoding !== undefined && encoding !== "unset";
    const isText = textOf(own, settings.converts);
    if (!isFiltered && !isExpanded && !isEncoded && !isText) continue;
    const onlyLineEnds = !isFiltered && !isExpanded && !isEncoded;
    all.set(name, {
      attributes: `${settings.autocrlf}:${settings.eol}:${[...own].join(";")}`,
      onlyLineEnds,
      onlyShortens: onlyLineEnds && !addsByConfig && own.get("eol") !== "crlf",
    });
  }
  return all;
}

/** Whether line ends of the file are converted: by `text`, its old name `crlf`, or `eol`, which implies it; else as configured. */
function textOf(own: ReadonlyMap<string, string>, byConfig: boolean): boolean {
  const text = own.get("text") ?? own.get("crlf");
  if (text === "unset") return false;
  return text !== undefined || own.has("eol") || byConfig;
}

async function lineEndSettings(
  checkout: Checkout,
): Promise<{ autocrlf: string; eol: string; converts: boolean }> {
  const { stdout } = await runGit(checkout, ["config", "-z", "--get-regexp", "^core\\.(autocrlf|eol)$"], {
    exits: [0, 1],
  });
  const values = new Map<string, string>();
  for (const record of stdout.toString("utf8").split("\0")) {
    const end = record.indexOf("\n");
    // A name without a value says true.
    if (record !== "")
      values.set(end === -1 ? record : record.slice(0, end), end === -1 ? "true" : record.slice(end + 1));
  }
  const raw = (values.get("core.autocrlf") ?? "false").toLowerCase();
  const autocrlf = ["true", "yes", "on", "1"].includes(raw) ? "true" : raw;
  return {
    autocrlf,
    eol: (values.get("core.eol") ?? "").toLowerCase(),
    converts: autocrlf === "true" || autocrlf === "input",
  };
}

async function attributesOf(
  checkout: Checkout,
  indexFile: string,
  names: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const { stdout } = await runGit(checkout, ["check-attr", "-z", "--stdin", "-a"], {
    stdin: bytesOf(names.map((name) => `${name}\0`).join("")),
    indexFile,
  });
  const all = new Map<string, Map<string, string>>();
  const fields = stdout.toString("latin1").split("\0");
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [name = "", attribute = "", value = ""] = fields.slice(at, at + 3);
    if (!RELEVANT.has(attribute)) continue;
    const own = all.get(name) ?? new Map<string, string>();
    all.set(name, own.set(attribute, value));
  }
  return all;
}
