import { readFileSync } from "node:fs";
import {
  type Change,
  changeSchema,
  type MessageInfo,
  messageInfoSchema,
  OPERATION_PAYLOADS,
  type Part,
  partSchema,
  sessionSchema,
  type SessionId,
  type ToolPart,
} from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { SourceRow } from "../../store/index.ts";
import { pathRewriter } from "./home-paths.ts";
import { createMasker, indexed, memoryOf } from "./masker.ts";
import { learnRow, prepareRow, publishRow, type PublishScope } from "./publication.ts";

const EXAMPLES = new URL("../../../../protocol/test/examples/v1/", import.meta.url);
const examples = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`${name}.json`, EXAMPLES), "utf8")) as Record<string, unknown>;

const messages = Object.values(examples("messages")).map((row) => messageInfoSchema.parse(row));
const parts = Object.values(examples("parts")).map((row) => partSchema.parse(row));
const session = sessionSchema.parse(examples("rows")["session"]);
const change = changeSchema.parse(examples("rows")["change"]);
const SECRET = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].join("");

const shown = (role: MessageInfo["role"]): MessageInfo =>
  messages.find((message) => message.role === role && message.ordinal !== undefined) as MessageInfo;
const live: MessageInfo = { ...shown("assistant"), time: { created: 1 } };
const ended: MessageInfo = { ...shown("assistant"), time: { created: 1, completed: 2 } } as MessageInfo;

const scope = (over: Partial<PublishScope> = {}): PublishScope => ({
  sessionId: session.id,
  includes: { files: false, others: false },
  rewrite: pathRewriter({ workspace: ["/p"], home: ["/home/me"] }),
  phrases: [],
  readBlob: () => Promise.resolve(undefined),
  readChange: (row) => Promise.resolve(row),
  ...over,
});

async function publish(rows: SourceRow[], over: Partial<PublishScope> = {}, known: string[] = []) {
  const masker = createMasker(memoryOf([]), [indexed(known)]);
  const at = scope(over);
  const prepared = await Promise.all(rows.map((row) => prepareRow(row, at)));
  for (const row of prepared) learnRow(row, at, masker);
  return prepared.map((row) => publishRow(row, at, masker));
}

const partRow = (part: Part, message = ended): SourceRow => ({
  key: `part:${part.id}`,
  row: "part",
  part,
  message,
});
const messageRow = (message: MessageInfo): SourceRow => ({
  key: `message:${message.id}`,
  row: "message",
  message,
});
const text = (said: string, over: Partial<Part> = {}): Part =>
  ({ ...parts[0], synthetic: undefined, metadata: undefined, text: said, ...over }) as Part;

async function payloadOf(row: SourceRow, over: Partial<PublishScope> = {}) {
  const [published] = await publish([row], over);
  if (published?.is !== "row") throw new Error(`Not published: ${JSON.stringify(published)}`);
  return published.payload;
}

const own = { sessionId: session.id, agent: "rehearsal", before: "a", after: "b", hunks: [], time: 1 };
const ownChange: Change = { ...change, contributions: [own] };

const ROWS: [string, SourceRow][] = [
  ["session", { key: "session", row: "session", session }],
  ["usage", { key: "usage", row: "usage", usage: { ...session.usage, scope: "turn" } }],
  ["models", { key: "models", row: "models", models: [{ modelId: "a", providerId: "b", variant: "c" }] }],
  ...messages.map((message, at): [string, SourceRow] => [
    `message ${at}`,
    messageRow({ ...message, ordinal: at }),
  ]),
  ...parts.map((part): [string, SourceRow] => [`part ${part.type}`, partRow(part)]),
  ["change", { key: `change:${change.id}`, row: "change", change: ownChange }],
];

/** Every object of a row gets a field that nobody knows. `input` and `structured` are JSON of others, where all fields are shown. */
function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, item]: [string, unknown]) => [
    name,
    name === "input" || name === "structured" ? item : withUnknownFields(item),
  ]);
  return { ...(Object.fromEntries(members) as object), unheardOf: "unheardOf" };
}

describe("[S-17] what is published is an allow-list", () => {
  test.each(ROWS)("of a %s no field leaves that the contract does not name", async (_name, row) => {
    const [published] = await publish([withUnknownFields(row) as SourceRow], {
      includes: { files: true, others: true },
    });
    if (published?.is === "none") return;
    if (published?.is !== "row") throw new Error("It was omitted.");
    expect(OPERATION_PAYLOADS[published.type].safeParse(published.payload).error).toBeUndefined();
    expect(JSON.stringify(published.payload)).not.toContain("unheardOf");
  });

  test("system text, settings, places, metadata, snapshots and ids of agents are not in it", async () => {
    const rows = ROWS.filter(([name]) => /message|tool|patch|step|session/.test(name)).map(([, row]) => row);
    const all = JSON.stringify(await publish(rows));
    expect(all).not.toMatch(
      /"(?:system|tools|format|metadata|directory|path":\{"cwd|snapshot|hash|url|source|sessionId)"/,
    );
    const call = parts.find((part): part is ToolPart => part.type === "tool");
    expect(all).not.toContain(`"${call?.callId}"`);
    expect(all).not.toContain(session.id);
  });

  test("what a machine wrote for the model, trees of files and what waits in the queue are no rows of it", async () => {
    const { ordinal: _ordinal, ...queued } = shown("user");
    const snapshot = parts.find((part) => part.type === "snapshot") as Part;
    const rows = [
      partRow(text("machine-written", { synthetic: true })),
      partRow(snapshot),
      messageRow(queued),
      partRow(text("it waits"), queued),
      { key: "session", row: "none" } as SourceRow,
    ];
    expect((await publish(rows)).map(({ is }) => is)).toEqual(["none", "none", "none", "none", "none"]);
  });

  test("a row that no operation can carry is omitted", async () => {
    const [published] = await publish([partRow(text("long ".repeat(250_000)))]);
    expect(published).toEqual({ is: "omitted", reason: "tooLarge" });
  });
});

describe("[S-17] masking covers every text of a row", () => {
  /** Texts that somebody else's words may be in; the rest are ids, numbers and names of our own. */
  const NOT_WORDS = /^(?:id|.*Id|role|type|status|agent|agents|mode|kind|state|name|blob|url|hash|snapshot)$/;
  function withSecrets(value: unknown, name = ""): unknown {
    if (typeof value === "string") return NOT_WORDS.test(name) ? value : `${value} ${SECRET}`;
    if (Array.isArray(value)) return value.map((item) => withSecrets(item, name));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]: [string, unknown]) => [
        key,
        key === "state" && typeof item === "string" ? item : withSecrets(item, key),
      ]),
    );
  }

  test.each(ROWS)("%s", async (_name, row) => {
    const [published] = await publish([withSecrets(row) as SourceRow], {
      includes: { files: true, others: true },
    });
    expect(JSON.stringify(published)).not.toContain(SECRET.slice(4));
  });

  test("names of fields, and fields that are named as secrets, in what a tool was given", async () => {
    const call = parts.find((part) => part.type === "tool") as ToolPart;
    const input = { [SECRET]: 1, login: { user: "me", password: "plainwords", pin: 4, secret: 123_456_789 } };
    const payload = await payloadOf(
      partRow({ ...call, state: { ...call.state, input } as ToolPart["state"] }),
    );
    const told = (payload["part"] as ToolPart).state.input;
    expect(told).toEqual({
      "[masked 1]": 1,
      login: { user: "me", password: "[masked 2]", pin: 4, secret: "[masked 3]" },
    });
  });

  test("a secret in one row is masked in the rows before it, bare", async () => {
    const rows = [partRow(text("it is plainwords")), partRow(text(`password: "plainwords"`))];
    const told = JSON.stringify(await publish(rows));
    expect(told).not.toContain("plainwords");
  });

  test("file names and paths, which are told relative to the workspace", async () => {
    const patch = {
      ...parts.find((part) => part.type === "patch"),
      files: [`/p/keys/${SECRET}.txt`, "/home/me/b"],
    } as Part;
    const payload = await payloadOf(partRow(patch));
    expect((payload["part"] as { files: string[] }).files).toEqual(["keys/[masked 1].txt", "~/b"]);
  });
});

describe("[S-17] of a text that grows", () => {
  const said = (time: object, message: MessageInfo) =>
    partRow(text("all but the la", { time } as Partial<Part>), message);
  test.each([
    ["only what is settled is told while it is written", { start: 1 }, live, "all but the "],
    ["all is told once it has ended", { start: 1, end: 2 }, live, "all but the la"],
    ["all is told once its message has ended", { start: 1 }, ended, "all but the la"],
    ["all is told of a user's", { start: 1 }, shown("user"), "all but the la"],
  ])("%s", async (_what, time, message, told) => {
    const payload = await payloadOf(said(time, message));
    expect((payload["part"] as { text: string }).text).toBe(told);
  });

  test("raw input waits while a call is told, its output while it runs", async () => {
    const call = parts.find((part) => part.type === "tool") as ToolPart;
    const pending = { status: "pending", input: {}, raw: '{"a": "b' } as ToolPart["state"];
    const running = {
      ...pending,
      status: "running",
      output: "one tw",
      time: { start: 1 },
    } as ToolPart["state"];
    const told = await Promise.all(
      [pending, running].map((state) => payloadOf(partRow({ ...call, state }, live))),
    );
    expect(told.map(({ part }) => (part as ToolPart).state)).toMatchObject([
      { raw: '{"a": ' },
      { raw: '{"a": "b', output: "one " },
    ]);
  });
});

describe("[S-17] [S-9] content of files", () => {
  const HASH = "a".repeat(64);
  const file = (mime: string): Part =>
    ({ ...parts.find(({ type }) => type === "file"), mime, url: `blob:${HASH}`, source: undefined }) as Part;
  const content = (bytes: string | Uint8Array) => ({
    readBlob: () => Promise.resolve(typeof bytes === "string" ? Buffer.from(bytes) : bytes),
  });
  const blobOf = async (mime: string, over: Partial<PublishScope>) => {
    const [published] = await publish([partRow(file(mime))], over);
    if (published?.is !== "row") return published;
    const [blob] = published.blobs;
    const { blob: named } = published.payload["part"] as { blob?: string };
    expect(named).toBe(blob === undefined ? undefined : `sha256:${blob.hash}`);
    return blob && Buffer.from((await blob.read()) ?? []).toString();
  };
  const ticked = { includes: { files: true, others: false } };

  test("a text is masked before it is hashed", async () => {
    expect(await blobOf("text/plain", content(`key ${SECRET} in /p/a`))).toBe("key [masked 1] in a");
  });
  test("an image goes only when it was ticked, as it is", async () => {
    expect(await blobOf("image/png", content("\x89PNG"))).toBeUndefined();
    expect(await blobOf("image/png", { ...content("\x89PNG"), ...ticked })).toBe("\x89PNG");
  });
  test("what says that it is a file of bytes and is a text is masked too", async () => {
    expect(await blobOf("application/octet-stream", content(SECRET))).toBeUndefined();
    expect(await blobOf("image/svg+xml", { ...content(SECRET), ...ticked })).toBe("[masked 1]");
  });
  test("bytes that say they are a text stay here", async () => {
    expect(await blobOf("text/plain", content(Uint8Array.of(0xff, 0xfe, 0)))).toBeUndefined();
  });
  test("[S-30] a file whose content is gone is omitted", async () => {
    expect(await blobOf("text/plain", {})).toEqual({ is: "omitted", reason: "expired" });
  });
  test("a file elsewhere is told by its name alone", async () => {
    const part = { ...file("text/plain"), url: "file:///p/a.ts" } as Part;
    expect((await payloadOf(partRow(part)))["part"]).not.toHaveProperty("blob");
  });
});

describe("[S-34] of changes only what this session contributed is told", () => {
  const other = "ses_01h455vb4pex5vsknk084sn02q" as SessionId;
  const by = (sessionId: SessionId, agent: string) =>
    ({ ...own, sessionId, agent }) as Change["contributions"][number];
  const hunk = (line: number, sessionId: SessionId, agent: string) => ({
    id: `h${line}`,
    oldStart: line,
    oldLines: 0,
    newStart: line + 1,
    newLines: 1,
    origins: [{ agent, sessionId }],
  });
  const mixed: Change = {
    ...change,
    kind: "modified",
    path: "a.txt",
    oldPath: undefined,
    binary: false,
    agent: "user",
    additions: 2,
    deletions: 0,
    contributions: [by(session.id, "rehearsal"), by(other, "user")],
    hunks: [hunk(1, session.id, "rehearsal"), hunk(9, other, "user")],
    patchTruncated: undefined,
    patch: "diff --git a/a.txt b/a.txt\n@@ -1,2 +1,3 @@\n a\n+OURS\n b\n@@ -9,1 +10,2 @@\n c\n+THEIRS\n",
  };
  const row = (of: Change): SourceRow => ({ key: `change:${of.id}`, row: "change", change: of });

  test("lines, counts and stamps of others stay here", async () => {
    const { change: told } = (await payloadOf(row(mixed))) as { change: Record<string, unknown> };
    expect(told).toMatchObject({ agent: "rehearsal", additions: 1, deletions: 0, cut: true });
    expect(told["hunks"]).toHaveLength(1);
    expect(told["patch"]).toContain("OURS");
    expect(JSON.stringify(told)).not.toMatch(/THEIRS|user|ses_/);
  });
  test("a hunk that others wrote too stays here", async () => {
    const [ours] = mixed.hunks;
    const origins = [{ agent: "rehearsal", sessionId: session.id }, { agent: "user" }];
    const hunks = ours === undefined ? [] : [{ ...ours, origins }];
    const { change: told } = (await payloadOf(row({ ...mixed, hunks }))) as {
      change: Record<string, unknown>;
    };
    expect(told).toMatchObject({ hunks: [], additions: 0, cut: true });
    expect(told["patch"]).not.toContain("OURS");
  });
  test("others' go when they were ticked", async () => {
    const over = { includes: { files: false, others: true } };
    const { change: told } = (await payloadOf(row(mixed), over)) as { change: Record<string, unknown> };
    expect(told["patch"]).toContain("THEIRS");
    expect(told).not.toHaveProperty("cut");
  });
  test("a change that is nobody's of this session is not told", async () => {
    expect(await publish([row({ ...mixed, contributions: [by(other, "user")] })])).toEqual([{ is: "none" }]);
  });
  test("a secret in a patch is masked", async () => {
    const patch = mixed.patch?.replace("OURS", `token = "${SECRET}"`);
    expect(JSON.stringify(await publish([row({ ...mixed, patch })]))).not.toContain(SECRET);
  });
});

test("[S-17] of an input that is still told nothing leaves that has only begun, and what is whole is told", async () => {
  const call = parts.find((part) => part.type === "tool") as ToolPart;
  const told = async (raw: string, input: object) => {
    const state = { status: "pending", input, raw, title: "run it" } as ToolPart["state"];
    return ((await payloadOf(partRow({ ...call, state }, live)))["part"] as ToolPart).state;
  };
  const begun = { command: "export X=abc", password: "plainw", at: 3 };
  expect(await told('{"command": "export X=abc', begun)).toMatchObject({
    input: { command: "export ", password: "[masked]", at: 3 },
    raw: '{"command": "export ',
    title: "run ",
  });
  expect(await told('{"command": "ls"}', { command: "ls" })).toMatchObject({
    input: { command: "ls" },
    raw: '{"command": "ls"}',
    title: "run it",
  });
});
