/** What comes with a tool's result beside its text is kept: the real server, with the rehearsal agent. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("attachments");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test("[R-8.1, A-25] pictures, sound and files are content of the session, links stay links", async () => {
  const place = await server.place("attachments");
  const { client } = server;
  const session = await client.createSession({ directory: place, agent: "rehearsal" });
  const text = [
    "ATTACH image pixels",
    "ATTACH audio beep",
    "ATTACH file bytes",
    "ATTACH link https://example.test/a",
  ].join("\n");
  const waited = await client.admitInputAndWait(
    session.id,
    { parts: [{ type: "text", text }] },
    { timeoutMs: 120_000 },
  );
  if (!waited.ended) throw new Error("The turn did not end.");
  const attached = waited.messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) =>
      part.type === "tool" && part.state.status === "completed" ? (part.state.attachments ?? []) : [],
    );
  expect(attached).toMatchObject([
    { mime: "image/png" },
    { mime: "audio/wav" },
    { mime: "application/octet-stream", filename: "attached.bin" },
    { filename: "a link", url: "https://example.test/a" },
  ]);
  const contents = await Promise.all(
    attached.slice(0, 3).map(async ({ url }) => {
      const bytes = await client.readBlob(session.id, url.replace(/^blob:/, ""));
      return Buffer.from(bytes).toString();
    }),
  );
  expect(contents).toEqual(["pixels", "beep", "bytes"]);
});
