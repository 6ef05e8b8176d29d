import { connect, createServer, type AddressInfo } from "node:net";

/** What went over a wire: times that a caller spoke after it had been answered, and bytes of both directions. */
export type Traffic = { roundTrips: number; bytes: number };

/** A TCP wire before a server, once it is told of which, that counts how often its callers had to wait for an answer. */
export async function openCountingWire(): Promise<
  { origin: string; leadTo(server: string): void; take(): Traffic } & AsyncDisposable
> {
  let target = new URL("http://127.0.0.1:9");
  let traffic: Traffic = { roundTrips: 0, bytes: 0 };
  const ends = new Set<{ destroy(): unknown }>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let isAnswered = true;
    near.on("data", (bytes) => {
      if (isAnswered) traffic.roundTrips += 1;
      isAnswered = false;
      traffic.bytes += bytes.length;
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      isAnswered = true;
      traffic.bytes += bytes.length;
      near.write(bytes);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(one);
      one.on("error", () => other.destroy()).once("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (server) => void (target = new URL(server)),
    take() {
      const taken = traffic;
      traffic = { roundTrips: 0, bytes: 0 };
      return taken;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
