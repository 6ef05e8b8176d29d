import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { IForbiddenRuleType } from "dependency-cruiser";
import { ALTERNATIVES, PACKAGES, ROOMS, SURFACES } from "./house-map.ts";

const SERVER = "packages/server/src";
/** Code that proves or measures the program and therefore may reach every room, by its door. */
const TESTS = String.raw`\.test\.ts$|^packages/[^/]+/test/|^(test|bench|scripts|examples|test-agents)/`;
const ANY_DOOR = String.raw`/index\.ts$`;

/** Every rule of the house that is about imports, for the tree at `root` (folders are read so that each gets its door). */
export function boundaryRules(root: string): IForbiddenRuleType[] {
  const rules = [...generalRules(), ...packageRules(), ...roomRules(), ...libraryRules(), ...doorRules(root)];
  return rules.map((rule) => ({ severity: "error", ...rule }));
}

/** Packages, rooms of the server and loose files beside its rooms that stand in the tree at `root` but not in the house map. */
export function unlistedRooms(root: string): string[] {
  const packages = foldersIn(join(root, "packages")).filter((name) => !(name in PACKAGES));
  const rooms = foldersIn(join(root, SERVER)).filter((name) => !(name in ROOMS));
  const loose = globSync(`${SERVER}/*.ts`, { cwd: root, exclude: ["**/index.ts", "**/*.test.ts"] });
  return [
    ...packages.map((name) => `packages/${name}`),
    ...rooms.map((name) => `${SERVER}/${name}`),
    ...loose,
  ];
}

function generalRules(): IForbiddenRuleType[] {
  return [
    {
      name: "no-cycle",
      comment: "Two modules that need each other are one module, or miss a third. Type imports count.",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      comment: "An import that cannot be resolved cannot be checked.",
      from: {},
      to: { couldNotResolve: true },
    },
  ];
}

function packageRules(): IForbiddenRuleType[] {
  const table = Object.entries(PACKAGES).map(([name, imports]) => ({
    name: `package-${name}`,
    comment: `${name} may import ${imports.join(", ") || "no other package"}.`,
    from: { path: `^packages/${name}/`, pathNot: TESTS },
    to: { path: "^packages/", pathNot: `^packages/(${[name, ...imports].join("|")})/` },
  }));
  const lazily: IForbiddenRuleType = {
    name: "cli-starts-fast",
    comment: "The command loads the server and the share service only when it needs them: import().",
    from: { path: "^packages/cli/", pathNot: TESTS },
    to: {
      path: "^packages/(server|share)/",
      dynamic: false,
      dependencyTypesNot: ["type-only", "type-import"],
    },
  };
  return [...table, lazily];
}

function roomRules(): IForbiddenRuleType[] {
  const table = Object.entries(ROOMS).flatMap(([room, imports]) =>
    imports === "everything"
      ? []
      : [
          {
            name: `room-${room}`,
            comment: `${room} may import ${imports.join(", ") || "no other room"}.`,
            from: { path: `^${SERVER}/${room}/`, pathNot: TESTS },
            to: { path: `^${SERVER}/`, pathNot: `^${SERVER}/(${[room, ...imports].join("|")})/` },
          },
        ],
  );
  const alternatives = Object.entries(ALTERNATIVES).map(([room, folders]) => ({
    name: `alternatives-of-${room}`,
    comment: `${folders.join(", ")} never import each other.`,
    from: { path: `^${SERVER}/${room}/(${folders.join("|")})/`, pathNot: TESTS },
    to: { path: `^${SERVER}/${room}/(${folders.join("|")})/`, pathNot: `^${SERVER}/${room}/$1/` },
  }));
  const engines = "store/(sqlite|postgres)";
  return [
    ...table,
    ...alternatives,
    {
      name: "engine-only-from-main",
      comment: "Everyone else knows the store port; only main and the tests choose an engine.",
      from: { pathNot: `${TESTS}|^${SERVER}/(main/|${engines}/)` },
      to: { path: `^${SERVER}/${engines}/` },
    },
    {
      name: "runner-only-from-store",
      comment: "The SQLite runner stands under store; main wires it.",
      from: { path: `^${SERVER}/`, pathNot: `${TESTS}|^${SERVER}/(main|store)/` },
      to: { path: "^packages/sqlite/" },
    },
  ];
}

function libraryRules(): IForbiddenRuleType[] {
  const io = "fs|fs/promises|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|sqlite";
  return [
    {
      name: "node-sqlite-only-in-sqlite",
      from: { path: "^packages/(?!sqlite/)", pathNot: TESTS },
      to: { path: "^node:sqlite$" },
    },
    {
      name: "web-framework-only-in-surfaces",
      from: {
        path: "^packages/",
        pathNot: `${TESTS}|^${SERVER}/(${SURFACES.join("|")}|main)/|^packages/share/src/`,
      },
      to: { path: String.raw`(^|/)node_modules/(hono|hono-openapi|@hono/[^/]+)/` },
    },
    {
      name: "postgres-only-in-its-engine",
      from: { path: "^packages/", pathNot: `${TESTS}|^${SERVER}/store/postgres/` },
      to: { path: String.raw`(^|/)node_modules/(pg|postgres)/` },
    },
    {
      name: "browser-safe",
      comment:
        "protocol, client and web also run in a browser; what client has for Node alone is behind a door of its own.",
      from: { path: "^packages/(protocol|client|web)/src/", pathNot: `${TESTS}|^packages/client/src/node/` },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "client-for-node-only-in-programs",
      from: { path: "^packages/(client/src/(?!node/)|web/src/)", pathNot: TESTS },
      to: { path: "^packages/client/src/node/" },
    },
    {
      name: "client-stays-light",
      comment: "Whoever imports the client does not load capnweb: it is behind a door of its own.",
      from: { path: "^packages/client/src/(?!rpc/)", pathNot: TESTS },
      to: { path: "^packages/client/src/rpc/|(^|/)node_modules/capnweb/" },
    },
    {
      name: "kernel-without-io",
      from: { path: "^packages/kernel/", pathNot: TESTS },
      to: { path: `^(node:)?(${io})$` },
    },
    {
      name: "protocol-zod-only",
      from: { path: "^packages/protocol/", pathNot: TESTS },
      to: { path: "(^|/)node_modules/", pathNot: "(^|/)node_modules/zod/" },
    },
    {
      name: "rehearsal-acp-sdk-only",
      from: { path: "^packages/rehearsal/", pathNot: TESTS },
      to: { path: "(^|/)node_modules/", pathNot: "(^|/)node_modules/@agentclientprotocol/sdk/" },
    },
  ];
}

/**
 * Each folder has one door. From outside a folder only its `index.ts` may be imported (of a package: what its `exports` names).
 * `main` and the tests may also use the doors of folders inside it, because they choose adapters; a package's own `test/` and `bin/`
 * are inside it.
 */
function doorRules(root: string): IForbiddenRuleType[] {
  return foldersIn(join(root, "packages")).flatMap((name) => {
    const source = `packages/${name}/src`;
    const own = `^packages/${name}/(test|bin)/`;
    const folders = globSync(`${source}/**/*.ts`, { cwd: root })
      .map((file) => file.slice(0, file.lastIndexOf("/")))
      .filter((folder) => folder !== source);
    return [
      ...doorsOf(source, packageDoors(root, name), own),
      ...[...new Set(folders)].flatMap((folder) => doorsOf(folder, `^${escape(folder)}${ANY_DOOR}`, own)),
    ];
  });
}

function doorsOf(folder: string, doors: string, own: string): IForbiddenRuleType[] {
  const inside = `^${escape(folder)}/`;
  const chooser = `${TESTS}|^${SERVER}/main/`;
  return [
    {
      name: `door-of-${folder}`,
      comment: "Import the folder's door (index.ts), not a file behind it.",
      from: { pathNot: `${inside}|${own}|${chooser}` },
      to: { path: inside, pathNot: doors },
    },
    {
      name: `door-of-${folder}`,
      comment: "Import a door (index.ts), not a file behind it.",
      from: { path: chooser, pathNot: `${inside}|${own}` },
      to: { path: inside, pathNot: `${doors}|${ANY_DOOR}` },
    },
  ];
}

function packageDoors(root: string, name: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
    exports?: Record<string, string>;
  };
  const targets = Object.values(manifest.exports ?? {}).map((target) => escape(target.replace(/^\.\//, "")));
  return `^packages/${name}/(${targets.join("|")})$`;
}

function foldersIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function escape(path: string): string {
  return path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
