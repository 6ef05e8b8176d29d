import { FakeClock, newId } from "@holdfast/kernel";
import { type Message, type MessageInfo, type Part, PREVIEW_MS, type Session } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { createPreviews } from "./previews.ts";
import { createPublisher } from "./projection.ts";

const SECRET = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].join("");
const NOTHING = { files: false, others: false };
const HASH = "b".repeat(64);

function scene() {
  const clock = new FakeClock();
  const sessionId = newId("ses");
  const session = {
    id: sessionId,
    workspaceId: newId("wsp"),
    directory: "/p",
    title: "A title",
    agent: "rehearsal",
    status: "idle",
    time: { created: 1, updated: 2 },
    usage: {},
  } as unknown as Session;
  const info = {
    id: newId("msg"),
    sessionId,
    ordinal: 1,
    role: "user",
    agent: "rehearsal",
    time: { created: 1 },
  };
  const part = (rest: object) =>
    ({ id: newId("prt"), sessionId, messageId: info.id, ordinal: 1, ...rest }) as Part;
  const message: Message = {
    info: info as MessageInfo,
    parts: [
      part({ type: "text", text: `Twice: ${SECRET} ${SECRET}, and friend-of-mine.` }),
      part({ type: "text", text: "not shown", synthetic: true }),
      part({ type: "file", mime: "text/plain", filename: `${SECRET}.txt`, url: `blob:${HASH}` }),
      part({ type: "file", mime: "image/png", url: `blob:${HASH}` }),
      part({ type: "file", mime: "text/x", filename: "gone.txt", url: `blob:${"c".repeat(64)}` }),
    ],
  };
  const store = {
    getSession: (id: string) => Promise.resolve(id === sessionId ? session : undefined),
    getWorkspace: () => Promise.resolve(undefined),
    givenServers: () => Promise.resolve([]),
    getBlob: ({ hash }: { hash: string }) =>
      Promise.resolve(hash === HASH ? { bytes: Buffer.from("a text"), mime: "text/plain" } : undefined),
    async *streamMessages() {
      yield await Promise.resolve(message);
    },
  };
  const publisher = createPublisher({
    store,
    readChange: (change) => Promise.resolve(change),
    home: [],
    secrets: () => ["friend-of-mine"],
  });
  const previews = createPreviews({ publisher, store, listChanges: () => Promise.resolve([]), clock });
  return { clock, sessionId, message, previews };
}

test("[S-17] a preview counts what would go, and names of each mask the kind and the places, never the value", async () => {
  const { sessionId, message, previews } = scene();
  const [text, , file, image, gone] = message.parts;
  const preview = await previews.preview(sessionId, NOTHING);
  expect(preview.counts).toMatchObject({
    messages: 1,
    parts: 4,
    changes: 0,
    masked: 2,
    files: 3,
    omitted: 1,
  });
  const place = { what: "text", messageId: message.info.id, partId: text?.id };
  expect(preview.masked).toEqual([
    { kind: "token", count: 3, places: [place, { ...place, what: "file", partId: file?.id }] },
    { kind: "known", count: 1, places: [place] },
  ]);
  expect(preview.files.map(({ partId, filename, content }) => [partId, filename, content])).toEqual([
    [file?.id, "[masked 1].txt", "included"],
    [image?.id, undefined, "withheld"],
    [gone?.id, "gone.txt", "gone"],
  ]);
  expect(preview.warning).toMatch(/sent as it is written/);
  expect(JSON.stringify(preview)).not.toMatch(new RegExp(`${SECRET}|friend-of-mine`));
});

test("[S-17] a preview stands for what was ticked in it, for its own session, and for ten minutes", async () => {
  const { clock, sessionId, previews } = scene();
  const { previewId, expiresAt } = await previews.preview(sessionId, { files: true, others: false });
  expect(expiresAt - clock.now()).toBe(PREVIEW_MS);
  expect(previews.includesOf(previewId, sessionId)).toEqual({ files: true, others: false });
  const stale = expect.objectContaining({ code: "PREVIEW_STALE" }) as Error;
  expect(() => previews.includesOf(previewId, newId("ses"))).toThrow(stale);
  expect(() => previews.includesOf(newId("prv"), sessionId)).toThrow(stale);
  clock.advance(PREVIEW_MS - 1);
  expect(previews.includesOf(previewId, sessionId).files).toBe(true);
  clock.advance(1);
  expect(() => previews.includesOf(previewId, sessionId)).toThrow(stale);
});

test("[S-17] of a session that is not there is no preview", async () => {
  const { previews } = scene();
  await expect(previews.preview(newId("ses"), NOTHING)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
