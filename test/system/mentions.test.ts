/** Files that an input mentions reach the agent: the real server, with the rehearsal agent, which says what it was given. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("mentions");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("[R-8.2, A-25] the agent gets the lines that were named, a long file as a link, and the words as they are", async () => {
  const place = await server.place("mentions");
  await mkdir(join(place, "src"));
  await writeFile(join(place, "src", "a.ts"), "one\ntwo\nthree\nfour\n");
  await writeFile(join(place, "long.txt"), "x".repeat(200_000));
  const session = await server.client.createSession({ directory: place, agent: "rehearsal" });
  await writeFile(join(place, "shot.png"), "\0png");
  const text = "GIVEN @src/a.ts:2-3 @long.txt @src @shot.png\nSAY @src/a.ts";
  const asked = { parts: [{ type: "text" as const, text }], mentions: true };
  const waited = await server.client.admitInputAndWait(session.id, asked, { timeoutMs: 120_000 });
  if (!waited.ended) throw new Error("The turn did not end.");
  const said = waited.messages
    .filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts.flatMap((part) => (part.type === "text" ? [part.text] : [])))
    .join("");
  expect(said.split("\n")).toEqual([
    `resource file://${place}/src/a.ts#L2-3 ${JSON.stringify("two\nthree\n")}`,
    `resource_link long.txt file://${place}/long.txt`,
    `resource_link src file://${place}/src`,
    "image image/png",
    `resource file://${place}/src/a.ts ${JSON.stringify("one\ntwo\nthree\nfour\n")}`,
    "@src/a.ts",
    "",
  ]);
});

test("[R-8.3, A-25] the agent gets the text of a symbol that was named, and its lines", async () => {
  const place = await server.place("symbols");
  await writeFile(
    join(place, "lane.go"),
    "package lane\n\ntype Lane struct{}\n\n// Claim takes it.\nfunc (l *Lane) Claim() {}\n",
  );
  const session = await server.client.createSession({ directory: place, agent: "rehearsal" });
  const { items } = await server.client.listSymbols(session.workspaceId, "lane.go");
  expect(items.map(({ name, kind }) => [name, kind])).toEqual([
    ["Lane", 23],
    ["Lane.Claim", 6],
  ]);
  const asked = { parts: [{ type: "text" as const, text: "GIVEN @lane.go#Claim" }], mentions: true };
  const waited = await server.client.admitInputAndWait(session.id, asked, { timeoutMs: 120_000 });
  expect(waited.ended && JSON.stringify(waited.messages)).toContain(
    JSON.stringify(
      `resource file://${place}/lane.go#L5-6 ${JSON.stringify("// Claim takes it.\nfunc (l *Lane) Claim() {}\n")}`,
    ).slice(1, -1),
  );
});
