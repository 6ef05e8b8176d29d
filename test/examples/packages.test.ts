/** The packages as others use them: packed, installed into a project without this repository, and used by their public surface alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as holdfastClient from "@holdfast/client";
import * as clientForNode from "@holdfast/client/node";
import * as clientOverRpc from "@holdfast/client/rpc";
import { VERSION } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type Stage, stage } from "../e2e/browser.ts";
import { temporaryDirectory } from "../harness/index.ts";
import { isWhole, sampleOf } from "../harness/sample.ts";
import { install, packAll, ROOT, run } from "./packed.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let on: Stage;
/** Where the page of the example is served. */
let port: number;
/** The example of a program, and that of a page. */
let [node, page] = ["", ""];

beforeAll(async () => {
  directory = await temporaryDirectory("packages");
  port = await freePort();
  on = await stage("packages", { HOLDFAST_ALLOWED_HOSTS: `127.0.0.1:${port}` });
  const { protocol = "", client = "", holdfast = "" } = await packAll(directory.path);
  node = join(directory.path, "node");
  page = join(directory.path, "page");
  await install(node, [protocol, client, holdfast], "embed-node");
  await install(page, [protocol, client, holdfast], "embed-browser");
});

afterAll(async () => {
  await on[Symbol.asyncDispose]();
  await closeBrowser();
  await directory[Symbol.asyncDispose]();
});

const document = (name: string) => readFile(join(ROOT, "docs", name), "utf8");

/** The lines of a document that are marked with this word. */
async function block(name: string, word: string): Promise<string> {
  const lines = new RegExp(`^\`\`\`js ${word}\n([\\s\\S]*?)^\`\`\`$`, "m").exec(await document(name))?.[1];
  if (lines === undefined) throw new Error(`docs/${name} has no block "${word}".`);
  return lines;
}

const environment = () => ({
  PATH: process.env["PATH"],
  HOLDFAST_URL: on.server.url,
  HOLDFAST_TOKEN: on.server.token,
});

test("[I-28] packages are modules of one version, and need nothing that is not published", async () => {
  const manifests = await Promise.all(
    ["@holdfast/protocol", "@holdfast/client", "holdfast"].map(
      async (name) =>
        JSON.parse(await readFile(join(node, "node_modules", name, "package.json"), "utf8")) as Manifest,
    ),
  );
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Manifest;
  expect(manifests.map((manifest) => [manifest.type, manifest.version])).toEqual([
    ["module", version],
    ["module", version],
    ["module", version],
  ]);
  expect(manifests.map(({ dependencies = {} }) => Object.keys(dependencies))).toEqual([
    ["zod"],
    ["@holdfast/protocol", "capnweb", "eventsource-parser"],
    [],
  ]);
  expect(manifests[1]?.dependencies?.["@holdfast/protocol"]).toBe(version);
});

test("[I-28] the line of the README installs the program's tarball, and none of the libraries'", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const [, pattern = ""] = /npm install --global \.\/build\/(\S+)$/m.exec(readme) ?? [];
  const { stdout } = await run("sh", ["-c", `echo ${pattern}`], { cwd: directory.path });
  expect(stdout).toBe(`holdfast-${VERSION}.tgz\n`);
});

test("[I-28] importing the client does nothing: no output, no timer, and no global but those of Zod", async () => {
  const script = `const before = Object.getOwnPropertyNames(globalThis);
    await import("@holdfast/client");
    await import("@holdfast/client/node");
    await import("@holdfast/client/rpc");
    const made = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name));
    const handles = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name.endsWith("Wrap"));
    console.log(made.filter((name) => !name.startsWith("__zod")).length, handles.length);`;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: node,
  });
  expect([stdout, stderr]).toEqual(["0 0\n", ""]);
});

test("[I-28] the ten lines of docs/client.md print the agent's answer", async () => {
  const lines = await block("client.md", "ten-lines");
  expect(lines.split("\n").filter((line) => line !== "")).toHaveLength(10);
  await writeFile(join(node, "ten-lines.js"), lines);
  const { stdout } = await run(process.execPath, ["ten-lines.js"], { cwd: node, env: environment() });
  expect(stdout.trim()).toBe("Hello from an agent.");
});

test("[I-28] docs/client.md names each limit with its default", async () => {
  const rows = [...(await document("client.md")).matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(
    ([, name, value]) => [name, Number(value)],
  );
  expect(rows).toEqual(
    [holdfastClient.TRANSPORT_LIMITS, holdfastClient.STREAM_LIMITS].flatMap(Object.entries),
  );
});

test("[I-28] docs/client-reference.md has every export and every method, and each type by a name", async () => {
  const text = await document("client-reference.md");
  const headings = new Set([...text.matchAll(/^##+ (\w+)$/gm)].map(([, name]) => name));
  const names = [
    ...[holdfastClient, clientForNode, clientOverRpc].flatMap((door) => Object.keys(door)),
    ...Object.keys(holdfastClient.createClient({ url: "" })),
  ];
  expect(names.filter((name) => !headings.has(name))).toEqual([]);
  expect(text.split("\n").filter((line) => line.includes("): ") && line.length > 200)).toEqual([]);
});

test("[I-28] a program with the packed client gives work, answers a request and follows the session to its end", async () => {
  const { stdout } = await run(process.execPath, ["main.js", "ASK May I?\nSAY I was allowed."], {
    cwd: node,
    env: environment(),
  });
  expect(stdout).toMatch(/^allowed once: .*May I\?.*$/m);
  expect(stdout).toMatch(/^assistant: Allowed: May I\?\nI was allowed\.$/m);
  expect(stdout).toMatch(/^the turn is completed$/m);
});

test("[I-28] a page with the packed client works on the server through its own origin, with a token of its own", async () => {
  const server = spawn(process.execPath, ["serve.js"], {
    cwd: page,
    env: { ...environment(), PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const address = /http:\S+/.exec(await firstLine(server))?.[0] ?? "";
    const window = await (await on.context()).newPage();
    const complaints: string[] = [];
    window.on("pageerror", (error) => complaints.push(error.message));
    await window.goto(address);
    await window.getByLabel("Directory").fill(on.project);
    await window.getByLabel("Work").fill("SAY Hello from a page.");
    await window.getByRole("button", { name: "Send" }).click();
    await window.getByRole("status").getByText("completed").waitFor();
    const said = await window.getByRole("listitem").allTextContents();
    expect(said.map((text) => text.trim())).toEqual([
      "user: SAY Hello from a page.",
      "assistant: Hello from a page.",
    ]);
    expect(await window.evaluate(() => sessionStorage.getItem("token"))).not.toBe(on.server.token);
    expect(complaints).toEqual([]);
  } finally {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  }
});

test("[I-28] a program with holdfast/store keeps rows without a server, as docs/store.md says", async () => {
  await writeFile(join(node, "store.js"), await block("store.md", "store"));
  const { stdout } = await run(process.execPath, ["store.js"], { cwd: node });
  expect(stdout).toBe("A session\nNOT_FOUND\n");
  const place = (await readdir(node)).find((name) => name.startsWith("rows-")) ?? "";
  expect(await readdir(join(node, place))).toContain("holdfast.db");
});

test.runIf(isWhole)(
  "[I-28] vitest with holdfast/store/contract holds an engine to what every engine must do",
  async () => {
    // What who embeds brings along.
    await symlink(join(ROOT, "node_modules/vitest"), join(node, "node_modules/vitest"));
    await writeFile(join(node, "engine.test.js"), await block("store.md", "contract"));
    const report = join(node, "report.json");
    const limits = ["--testTimeout", "600000", "--hookTimeout", "600000"];
    const flags = [
      "run",
      "--root",
      node,
      ...limits,
      "--reporter",
      "json",
      "--outputFile",
      report,
      "-t",
      "queue|blobs",
    ];
    await run(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), ...flags], {
      cwd: node,
      env: { PATH: process.env["PATH"] },
    });
    const { numFailedTests, numPassedTests } = JSON.parse(await readFile(report, "utf8")) as Record<
      string,
      number
    >;
    expect(numFailedTests).toBe(0);
    expect(numPassedTests).toBeGreaterThan(10);
  },
);

const PAIRS = [
  ["node16", "typescript"],
  ["bundler", "ts7"],
  ["node16", "ts7"],
  ["bundler", "typescript"],
];

test.for(sampleOf(PAIRS, 1))(
  "[I-28] types fit a strict project that resolves as %s, compiled by %s",
  async ([resolution, compiler]) => {
    const isNode = resolution === "node16";
    const config = {
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
        target: "es2024",
        module: isNode ? "node16" : "esnext",
        moduleResolution: resolution,
        lib: isNode ? ["es2024"] : ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
        types: isNode ? ["node"] : [],
        typeRoots: [join(ROOT, "node_modules/@types")],
      },
      // The store's types need those of Node.
      files: ["strict.ts", "document.ts", ...(isNode ? ["store.ts"] : [])],
    };
    const file = `tsconfig.${resolution}.${compiler}.json`;
    await writeFile(join(node, file), JSON.stringify(config));
    await writeFile(join(node, "strict.ts"), STRICT);
    await writeFile(join(node, "store.ts"), STRICT_STORE);
    const blocks = [...(await document("client.md")).matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(3);
    const functions = blocks.map(([, lines], at) => `export async function block${at}() {\n${lines}}\n`);
    await writeFile(join(node, "document.ts"), DOCUMENT + functions.join(""));
    const { stdout } = await run(
      process.execPath,
      [join(ROOT, "node_modules", compiler ?? "", "bin/tsc"), "-p", file],
      {
        cwd: node,
      },
    ).catch((error: unknown) => error as { stdout: string });
    expect(stdout).toBe("");
  },
);

type Manifest = { type: string; version: string; dependencies?: Record<string, string> };

/** What must be an error is marked: types that became `any` would let it pass. */
const STRICT = `import { intentsInFile } from "@holdfast/client/node";
import { intentsOverSocket } from "@holdfast/client/rpc";
import { createClient, EMPTY_SESSION, type HoldfastClient, isApiError, reduce, type SessionState } from "@holdfast/client";
import { isTerminal, type Session, type Turn } from "@holdfast/protocol";

export async function work(text: string): Promise<string | undefined> {
  const client: HoldfastClient = createClient({ url: "http://127.0.0.1:4680", token: "token" });
  const session: Session = await client.createSession({ directory: "/project" });
  const { turn } = await client.admitInput(session.id, { parts: [{ type: "text", text }] });
  // @ts-expect-error a turn has no such state
  const state: "done" = turn.state;
  let known: SessionState = EMPTY_SESSION;
  const signal = AbortSignal.timeout(1_000);
  for await (const item of client.streamSession({ sessionId: session.id, after: 0, signal })) {
    if (item.kind === "event") known = reduce(known, item.event);
    // @ts-expect-error not every item has one
    item.event;
    const now: Turn | undefined = known.turns[turn.id];
    if (now !== undefined && isTerminal(now.state)) break;
  }
  // @ts-expect-error a file has a path
  intentsInFile();
  // @ts-expect-error a server has an address
  intentsOverSocket({});
  // @ts-expect-error a part may be of another type
  known.messages[0]?.parts[0]?.text;
  await client.listSessions().catch((error: unknown) => isApiError(error, "RATE_LIMITED"));
  return state;
}
`;

const STRICT_STORE = `import { type DirectoryLock, isHoldfastError, lockDirectory, newId, openSqliteStore, type Store } from "holdfast/store";
import { type Engine, openSqliteEngine, storeContract } from "holdfast/store/contract";

export async function look(directory: string): Promise<string | undefined> {
  const lock: DirectoryLock = lockDirectory(directory, { pid: 1, host: "here", startTime: 0 });
  const store: Store = await openSqliteStore({ directory });
  const session = await store.getSession(newId("ses"));
  // @ts-expect-error a session has no such field
  session?.nothing;
  lock.release();
  return session?.title;
}
export const codeOf = (error: unknown) => (isHoldfastError(error) ? error.code : undefined);
// @ts-expect-error an engine can be closed
export const incomplete: Engine = { store: {} as Store };
storeContract("mine", () => openSqliteEngine());
`;

/** What the pieces of the document take for granted. */
const DOCUMENT = `import { intentsInFile } from "@holdfast/client/node";
import { intentsOverBatch, intentsOverSocket } from "@holdfast/client/rpc";
import { createClient, durable, type HoldfastClient, intentsInMemory, intentsOverHttp, isApiError, meetNeed, meetUnread, newIdempotencyKey, reduce, type SessionState, skipEvent, stateOfSnapshot } from "@holdfast/client";
declare const client: HoldfastClient;
declare const sessionId: string;
declare const secret: string;
declare const signal: AbortSignal;
declare const readSession: () => Promise<SessionState>;
declare let state: SessionState;
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: found } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return found;
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("Its output is not a pipe.");
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error("It ended without a line.");
}
