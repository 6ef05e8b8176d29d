import { describe, expect, test } from "vitest";
import { judge } from "../oracle.ts";
import { EVENTS, heard, without, patch, told, whole, type Hole } from "./doctor.ts";
import { exchange, ledgerOf, permission, pictureOf, session, SESSION, story, stream } from "./fixture.ts";

describe("the oracle of the torture: rows and streams", () => {
  const holes: Hole[] = [
    ["[D-1] a title that was taken back", ledgerOf(patch("New")), whole(), /was titled "New"/],
    [
      "[D-1] an older title that is back",
      ledgerOf(patch("Old", 200, 5), patch("New", 200, 6)),
      whole(),
      /was titled "New"/,
    ],
    [
      "[D-1] an event of a session that is gone",
      heard(),
      whole(({ session: now }) => ({ session: now, replay: [] })),
      /the log has no event/,
    ],
    [
      "[D-1] a turn's event that is gone",
      heard(),
      whole(without("turn.completed")),
      /trn_1 .*(no event|newest event)/,
    ],
    [
      "[D-1] an input's event that went back",
      told(story()),
      pictureOf(EVENTS, ({ replay }) => ({
        replay: replay.map((event) =>
          event.type === "input.delivered" ? { ...event, seq: 2, prev: 1 } : event,
        ),
      })),
      /inp_1 .*newest event of it is 2/,
    ],
    [
      "[D-4] a row whose event says something else now",
      heard(),
      whole(({ replay }) => ({
        replay: replay.map((event) =>
          event.type === "permission.replied"
            ? { ...event, data: { permission: permission({ state: "replied", reply: "reject" }) } }
            : event,
        ),
      })),
      /per_1 .*was .* and is/,
    ],
    [
      "[D-4] a domain event that is gone",
      heard(),
      whole(without("step.started")),
      /step.started.* was acknowledged/,
    ],
    [
      "[D-3] a counter that fell back",
      heard(),
      whole(({ session: now }) => ({ session: { ...now, lastSeq: 20 } })),
      /counter is at 20/,
    ],
    [
      "[D-1] a message that is gone",
      heard(),
      whole(({ messages, replay }) => ({
        messages: messages.filter(({ info }) => String(info.id) !== "msg_1a"),
        replay: replay.filter((event) => !JSON.stringify(event).includes("msg_1a")),
      })),
      /msg_1a .*no event/,
    ],
    [
      "[D-22] a stream that begins too late",
      ledgerOf(stream(EVENTS.slice(5), { label: "fresh" })),
      whole(),
      /came after 0/,
    ],
    [
      "[D-1] a session that was made and is gone",
      ledgerOf(
        exchange({ method: "POST", path: "/api/sessions", body: {} }, { status: 201, body: session() }),
      ),
      whole(undefined, { listed: new Set() }),
      /was made and is gone/,
    ],
    [
      "[D-26] a deleted session that is back",
      ledgerOf(exchange({ method: "DELETE", path: `/api/sessions/${SESSION}` }, { status: 204 })),
      whole(),
      /was deleted and is back/,
    ],
    [
      "[D-22] a hole by prev",
      ledgerOf(stream([...EVENTS.slice(0, 3), ...EVENTS.slice(5)])),
      whole(),
      /came after 3/,
    ],
    [
      "[D-22] an event that came twice",
      ledgerOf(stream([...EVENTS.slice(0, 3), ...EVENTS.slice(2)])),
      whole(),
      /came after 3/,
    ],
  ];
  test.each(holes)("%s is found", (_title, book, seen, message) => {
    expect(judge(book, seen).join("\n")).toMatch(message);
  });
});
