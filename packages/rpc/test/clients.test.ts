import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@holdfast/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asMeant, asSent, callInBatch, NoDoor, SocketClient } from "../src/client/index.ts";
import { type CounterServer, startCounter } from "./counter.ts";

type Main = { redeem(name: string): { echo(value: unknown): unknown; add(by: number): number } };

let server: CounterServer;
let strange: Server;
let strangeUrl: URL;
beforeAll(async () => {
  server = await startCounter();
  strange = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "";
    if (path === "/gone") outgoing.writeHead(302, { location: "/" }).end();
    else if (path === "/half")
      outgoing.writeHead(200, { "content-length": "100" }).write("[", () => outgoing.destroy());
    else outgoing.writeHead(200).end("<html>");
  });
  strange.on("upgrade", (_incoming, socket) =>
    socket.end("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n"),
  );
  await new Promise<void>((resolve) => strange.listen(0, "127.0.0.1", resolve));
  strangeUrl = new URL(`http://127.0.0.1:${(strange.address() as AddressInfo).port}/`);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  strange.closeAllConnections();
  await new Promise((resolve) => strange.close(resolve));
});

const options = (url: URL | string) => ({
  url: new URL(url),
  clock: systemClock,
  deadlineMs: 60_000,
  mostBytes: 4 * 1024 * 1024,
});

/** Names that every object has: capnweb leaves such members out. */
const ODD = JSON.parse('{"constructor":1,"toJSON":[2],"a":{"toString":"x","__proto__":{"b":1}}}') as unknown;

describe("clients for programs", () => {
  test("[S-31] a batch and a connection call alike", async () => {
    const client = new SocketClient<Main>(options(server.url));
    const echo = { a: [[]], text: "x" };
    expect(await client.call((main) => main.redeem("one").echo(echo))).toEqual(echo);
    expect(
      await callInBatch<Main, unknown>(options(server.url), (main) => main.redeem("one").echo(echo)),
    ).toEqual(echo);
    expect(client.isOpen).toBe(true);
    client.close();
  });

  test("[S-11] what capnweb would alter goes as its text, and comes back as it was", async () => {
    const back = await callInBatch<Main, unknown>(options(server.url), (main) =>
      main.redeem("one").echo(asSent(ODD)),
    );
    expect(asMeant(back)).toEqual(ODD);
    expect(JSON.stringify(asMeant(back))).toBe(JSON.stringify(ODD));
  });

  test("[S-31] a door that is none is told from one that gives no answer", async () => {
    const batch = (path: string) =>
      callInBatch<Main, unknown>(options(new URL(path, strangeUrl)), (main) => main.redeem("one").echo(1));
    await expect(batch("/gone")).rejects.toMatchObject({ status: 302 });
    await expect(batch("/half")).rejects.not.toBeInstanceOf(NoDoor);
    await expect(batch("/page")).rejects.not.toBeInstanceOf(NoDoor);
    const client = new SocketClient<Main>(options(strangeUrl));
    await expect(client.call((main) => main.redeem("one").echo(1))).rejects.toMatchObject({ status: 426 });
    expect(client.isOpen).toBe(false);
  });
});
