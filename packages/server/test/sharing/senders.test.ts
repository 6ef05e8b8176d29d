import { FakeClock, newId, newRefSecret, silentLogger } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { createSenders } from "../../src/outbox/index.ts";
import { createPublisher } from "../../src/sharing/index.ts";
import { OWNER, StoreRig } from "../contract/rig.ts";
import { openSqliteEngine } from "../contract/sqlite-engine.ts";
import { RecordingService } from "./recording-service.ts";

let rig: StoreRig | undefined;
afterEach(() => rig?.close());

test("[S-24] a share with nothing to send says hello within the hour, and brings itself back at a service that was restored", async () => {
  rig = await StoreRig.open(openSqliteEngine);
  const { store } = rig;
  const sessionId = await rig.session();
  const clock = new FakeClock();
  const service = new RecordingService();
  const held = () => ({ refId: newId("ref"), secret: newRefSecret() });
  const [owner, append, link] = [held(), held(), held()];
  const id = newId("shr");
  const { project } = createPublisher({
    store,
    readChange: (of) => Promise.resolve(of),
    home: [],
    secrets: () => [],
  });
  const senders = createSenders({
    store,
    transport: () => service,
    project,
    publishKey: () => "key",
    clock,
    random: () => 1,
    logger: silentLogger,
    closeTransports: () => undefined,
  });
  await senders.start();
  await store.createShare({
    actor: OWNER,
    share: {
      id,
      sessionId,
      title: "A session",
      service: "https://x",
      owner,
      append,
      link,
      includes: { files: false, others: false },
    },
    tasks: [{ kind: "create", owner, append }],
  });
  const resting = async () => {
    clock.advance(1_000);
    const head = await store.shareHead(id);
    return head?.share.stream?.committed === true && head.waiting === 0 && head.batch === undefined;
  };
  await expect.poll(resting).toBe(true);
  const called = () =>
    service.methods.filter((method) => method === "confirmShare" || method === "createShare");
  expect(called()).toEqual(["createShare"]);
  service.restore();
  // The first look after the commit is its last one: from then on it is the clock that counts.
  await expect
    .poll(() => (clock.advance(3_600_000), called()))
    .toEqual(["createShare", "createShare", "confirmShare"]);
  await expect.poll(async () => (await store.shareHead(id))?.share.storeId).toBe("restored");
  await senders.stop();
});
