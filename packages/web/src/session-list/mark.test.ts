import type { Session } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { isResting } from "./group.ts";
import { markOf } from "./mark.ts";

type Facts = Pick<Session, "status" | "attention" | "suspended"> & { length: number; paused: boolean };
const session = ({ length, paused, ...rest }: Facts): Session =>
  ({ ...rest, queue: { length, paused } }) as unknown as Session;
const NOW = 1_000;
const idle = { status: "idle", attention: "none", length: 0, paused: false } as const;

describe("the sign of a session in lists", () => {
  test.each<[string, Facts, string, boolean]>([
    ["nothing to do", idle, "Idle", true],
    ["paused, with nothing in it", { ...idle, paused: true }, "Idle", true],
    ["what waits for another session or a place", { ...idle, length: 1 }, "Waiting to begin", false],
    ["a paused queue", { ...idle, length: 2, paused: true }, "The queue is paused", false],
    [
      "a paused queue behind a turn that was interrupted",
      { ...idle, attention: "interrupted", length: 1, paused: true },
      "The last turn was interrupted; the queue is paused",
      false,
    ],
    [
      "a paused queue while the turn before is being stopped",
      { ...idle, status: "busy", length: 1, paused: true },
      "Working; the queue is paused",
      false,
    ],
    [
      "a usage limit before the turn that met it",
      { ...idle, attention: "failed", suspended: { agent: "qwen", until: NOW + 1 } },
      "At its usage limit",
      false,
    ],
    [
      "a usage limit that is over",
      { ...idle, attention: "failed", suspended: { agent: "qwen", until: NOW } },
      "The last turn failed",
      false,
    ],
    ["a queue behind a turn that runs", { ...idle, status: "busy", length: 1 }, "Working", false],
  ])("[I-15, D-6, A-29] %s", (_, facts, label, rests) => {
    expect(markOf(session(facts), NOW).label).toBe(label);
    expect(isResting(session(facts))).toBe(rests);
  });
});
