/** An answer that is lost after the service applied the batch (S-6, S-7): the same bytes again, one application, the result of the first. */
import { systemClock } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import { createFallbackTransport } from "../../server/src/outbox/index.ts";
import { DistantPublisher, serve, WAYS, Wire } from "./served.ts";
import { ids, message, seen, session, text, type World, world } from "./share-fixture.ts";

/** Arguments of every `appendOps` as they came to the service, as text. */
function record({ service }: World): string[] {
  const came: string[] = [];
  const callNamed = service.callNamed.bind(service);
  service.callNamed = (method, request) => {
    if (method === "appendOps") came.push(JSON.stringify(request.args));
    return callNamed(method, request);
  };
  return came;
}

async function scene() {
  const here = world();
  const came = record(here);
  const wire = new Wire();
  const near = await wire.open();
  const served = await serve(here, [new URL(near).host]);
  wire.farPort = Number(new URL(served.origin).port);
  const stop = async () => {
    await wire.close();
    await served[Symbol.asyncDispose]();
  };
  return { here, came, wire, near, [Symbol.asyncDispose]: stop };
}

async function begun(publisher: DistantPublisher) {
  const { messageId, partId } = ids();
  await publisher.create();
  await publisher.open();
  await publisher.begin();
  return publisher.freeze([session(), message(messageId, 1), text(partId, messageId, "once")]);
}

describe("an answer that is lost after the batch was applied", () => {
  test.each(WAYS)(
    "[S-6, S-7] over %s: the same bytes again are duplicates, applied once",
    async (_way, connect) => {
      await using here = await scene();
      const publisher = new DistantPublisher(here.here, connect(here.near));
      const batch = await begun(publisher);
      here.wire.isCut = true;
      await expect(publisher.call("appendOps", batch)).rejects.toMatchObject({ code: "unknown" });
      await expect.poll(() => here.came.length).toBe(1);
      here.wire.isCut = false;
      expect(await publisher.call("appendOps", batch)).toMatchObject({
        cursor: 3,
        applied: 0,
        duplicates: 3,
      });
      expect(here.came[1]).toBe(here.came[0]);
      publisher.cursor = 3;
      publisher.chain = (await publisher.call("hello", {})).staged?.chain ?? "";
      await publisher.commit();
      expect((await seen(publisher)).items).toHaveLength(1);
      publisher.transport.close();
    },
  );

  test("[S-31] unknown over WebSocket, it is sent again by the next way, byte for byte", async () => {
    await using here = await scene();
    const asked: string[] = [];
    const noted = WAYS.toReversed().map(([name, connect]) => {
      const way = connect(here.near);
      const call = (call: Parameters<typeof way.call>[0]) => (
        asked.push(`${name} ${call.method}`),
        way.call(call)
      );
      return { ...way, call } as typeof way;
    });
    const publisher = new DistantPublisher(here.here, createFallbackTransport(noted, systemClock));
    const batch = await begun(publisher);
    here.wire.isCut = true;
    await expect(publisher.call("appendOps", batch)).rejects.toMatchObject({ code: "unknown" });
    await expect(publisher.call("appendOps", batch)).rejects.toMatchObject({ code: "unknown" });
    here.wire.isCut = false;
    expect(await publisher.call("appendOps", batch)).toMatchObject({ cursor: 3, applied: 0, duplicates: 3 });
    expect(asked.filter((line) => line.endsWith("appendOps"))).toEqual([
      "capnweb WebSocket appendOps",
      "capnweb batch appendOps",
      "REST appendOps",
    ]);
    expect(new Set(here.came).size).toBe(1);
    publisher.transport.close();
  });
});
