import { expect, test } from "vitest";
import { codeOf, ids, KEY, message, PEER, Publisher, session, world } from "./share-fixture.ts";

const placeOf = async (publisher: Publisher, state = "made of this") => {
  const { seq } = await publisher.call("readSession", {}, publisher.owner.secret);
  return { shareId: publisher.shareId, seq, state };
};

/** A share with a document that is kept, and how it is looked for. */
async function kept() {
  const { messageId } = ids();
  const publisher = await new Publisher(world()).started(session(), message(messageId, 0));
  const place = await placeOf(publisher);
  const { service, blobs } = publisher.world;
  await service.snapshots.keep(place, "<p>a document</p>");
  const files = async (): Promise<string[]> => {
    // Behind the work on files that a commit began.
    await service.snapshots.keep({ ...place, shareId: "another" }, "<p>another</p>");
    return blobs.list(publisher.shareId);
  };
  return { publisher, place, messageId, service, files };
}

test("[S-19] the document of a share that has not gone on is kept by its content, over a restart", async () => {
  const { publisher, place, service, files } = await kept();
  expect(await service.snapshots.read(place)).toBe("<p>a document</p>");
  expect(await files()).toHaveLength(1);
  const { blobs, clock } = publisher.world;
  const next = world({ from: publisher.world.bytes(), blobs, clock });
  next.service.start();
  expect(await next.service.snapshots.read(place)).toBe("<p>a document</p>");
  await next.service.stop();
  expect(await blobs.list(publisher.shareId)).toHaveLength(1);
  expect(await service.snapshots.read({ ...place, state: "made of something else" })).toBeUndefined();
});

test.each<[string, (of: Awaited<ReturnType<typeof kept>>) => Promise<unknown>]>([
  ["an operation", ({ publisher }) => publisher.publish(session("masked since"))],
  [
    "a comment",
    ({ publisher, messageId }) =>
      publisher.call(
        "comment",
        { id: "cmt_01111111111111111111111101" as never, on: messageId, text: "x" },
        publisher.owner.secret,
      ),
  ],
  [
    "a new stream",
    async ({ publisher }) => {
      await publisher.begin();
      await publisher.publish(session("anew"));
      await publisher.commit();
    },
  ],
  ["the end of the share", ({ publisher }) => publisher.call("revokeShare", {}, KEY)],
])("[S-19, S-26] %s takes it away in its transaction, and its file after that", async (_what, act) => {
  const of = await kept();
  await act(of);
  expect(of.publisher.world.store.read((sql) => sql.all("SELECT * FROM snapshot"))).toEqual([]);
  expect(await of.service.snapshots.read(of.place)).toBeUndefined();
  expect(await of.files()).toEqual([]);
});

test("[S-26] a document that was made before the last event is not kept, nor one of a share that is gone", async () => {
  const { publisher, place, service, files } = await kept();
  await publisher.publish(session("later"));
  await service.snapshots.keep(place, "<p>older than the share</p>");
  expect(await files()).toEqual([]);
  const now = await placeOf(publisher);
  await publisher.call("revokeShare", {}, KEY);
  await service.snapshots.keep(now, "<p>of a share that is gone</p>");
  expect(await files()).toEqual([]);
});

test("[S-19] a content with the same bytes keeps its file", async () => {
  const { publisher, place, service, files } = await kept();
  const [hash = ""] = await files();
  const bytes = Buffer.from("<p>a document</p>");
  const caller = { bearer: publisher.append.secret, peer: PEER };
  await service.putBlob({ shareId: publisher.shareId, hash, bytes, caller });
  await publisher.publish(session("later"));
  expect(await service.snapshots.read(place)).toBeUndefined();
  expect(await files()).toEqual([hash]);
  expect(await codeOf(service.getBlob({ shareId: publisher.shareId, hash, caller }))).toBe("FORBIDDEN");
});
