/**
 * Asks a server for its health again and again, from a thread that does nothing else, and a bare server in another thread beside it: what both take is the machine's
 * doing, so only the difference is said. Answers each message with the slowest probe since the one before.
 */
import { createServer } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const EVERY_MS = 50;

export type ProbeData = { url: string };
/** `slowestMs`: how much longer than the bare server the watched one took. */
export type Probed = { probes: number; slowestMs: number };

type Role = ProbeData | { isBare: true };

if (!isMainThread) {
  const role = workerData as Role;
  if ("isBare" in role) serveBare();
  else await probe(role.url);
}

/** A server that only answers; tells its address. */
function serveBare(): void {
  const server = createServer((_incoming, outgoing) => outgoing.end("{}"));
  server.listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = server.address();
    if (address !== null && typeof address === "object")
      parentPort?.postMessage(`http://127.0.0.1:${address.port}`);
  });
}

async function probe(url: string): Promise<void> {
  const bare = new Worker(new URL(import.meta.url), { workerData: { isBare: true } satisfies Role });
  const control = await new Promise<string>((resolve) => bare.once("message", resolve));
  let probed: Probed = { probes: 0, slowestMs: 0 };
  parentPort?.on("message", () => {
    parentPort?.postMessage(probed);
    probed = { probes: 0, slowestMs: 0 };
  });
  for (;;) {
    const [ms, bareMs] = await Promise.all([timeOf(`${url}/api/health`), timeOf(control)]);
    probed = { probes: probed.probes + 1, slowestMs: Math.max(probed.slowestMs, ms - bareMs) };
    await new Promise((resume) => setTimeout(resume, EVERY_MS));
  }
}

async function timeOf(url: string): Promise<number> {
  const began = performance.now();
  await fetch(url).then(
    (response) => response.arrayBuffer(),
    () => undefined,
  );
  return performance.now() - began;
}
