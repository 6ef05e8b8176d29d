import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { SessionId } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type HoldfastProcess, readFrames, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";
import { ended, follow, say, sessionOn, textOf, upTo, wordsIn } from "./session-work.ts";

/** Readers beside the deaf one. */
const READERS = amount(100, 1_000);
const WORDS = 1_500;
/** Outputs that are too much for the queue of one reader (4 MiB, D-24) and what the kernel holds for it. */
const OUTPUTS = 400;
const OUTPUT_BYTES = 45_000;

/** Asks for a session's events and never reads them. */
function listenDeafly(server: HoldfastProcess, sessionId: SessionId): Socket {
  const { port, hostname } = new URL(server.url);
  const deaf = connect(Number(port), hostname);
  deaf.pause();
  deaf.on("error", () => undefined);
  deaf.write(
    `GET /api/sessions/${sessionId}/events?after=0 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${server.token}\r\n\r\n`,
  );
  return deaf;
}

describe("readers of one session", () => {
  test.runIf(isWhole)(
    `[D-24] a subscriber that never reads holds up nobody of ${READERS} that do`,
    async () => {
      await using root = await temporaryDirectory("deaf-reader");
      await using server = await startHoldfast({ root: root.path });
      const session = await sessionOn(server);
      const deaf = listenDeafly(server, session.id);
      let standing = 0;
      const all = Promise.withResolvers<void>();
      const readers = upTo(READERS).map(() =>
        follow(server, session.id, () => {
          standing += 1;
          if (standing === READERS) all.resolve();
        }),
      );
      await all.promise;
      const { turn } = await say(server, session.id, `OUTPUT 200000\nSLOW ${WORDS} 1`);
      for (const events of await Promise.all(readers)) {
        const seqs = events.map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        expect(new Set(seqs).size).toBe(seqs.length);
        expect(wordsIn(textOf(events))).toEqual(upTo(WORDS));
      }
      expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
      deaf.destroy();
    },
  );

  test("[D-24] a subscriber that never reads is cut off alone once its queue is full, and comes back by its cursor", async () => {
    await using root = await temporaryDirectory("deaf-reader");
    await using server = await startHoldfast({ root: root.path });
    const session = await sessionOn(server);
    const deaf = listenDeafly(server, session.id);
    const standing = Promise.withResolvers<void>();
    const reader = follow(server, session.id, () => standing.resolve());
    await standing.promise;
    await say(server, session.id, `OUTPUT ${OUTPUT_BYTES}\n`.repeat(OUTPUTS));
    const events = await reader;
    const outputs = events.filter(({ type, data }) => type === "message.part.updated" && "part" in data);
    expect(JSON.stringify(outputs).length).toBeGreaterThan(OUTPUTS * OUTPUT_BYTES);
    let heard = "";
    deaf.setEncoding("utf8").on("data", (text: string) => (heard += text));
    deaf.resume();
    await once(deaf, "close");
    expect(heard).toContain("event: hello");
    expect(heard).not.toContain("event: turn.completed");
    const last = Number([...heard.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? 0);
    const rest = await readFrames(
      await server.fetch(`/api/sessions/${session.id}/events?after=${last}`),
      ({ event }) => event === "caught-up",
    );
    expect(rest.frames.find(({ id }) => id !== undefined)?.data).toMatchObject({ prev: last });
  });
});
