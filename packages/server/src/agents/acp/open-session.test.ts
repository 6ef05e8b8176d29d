import { RequestError } from "@agentclientprotocol/sdk";
import type { Features } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { Connection } from "./connection.ts";
import { ACP_TIMEOUTS, openSession } from "./open-session.ts";
import type { SessionFeed } from "./session-feed.ts";

type Answer = Record<string, unknown> | RequestError;

const BROKEN = new RequestError(-32_603, "Internal error: OpenCode service failure", { service: "session" });

/** Opens the session `old` with an agent that refuses resume and load without a reason, and lists these pages. */
async function openWith(pages: Answer[], list: Features["list"] = "yes") {
  const asked: string[] = [];
  let sessionId: string | undefined;
  const connection = {
    request: (_phase: string, method: string): Promise<unknown> => {
      asked.push(method);
      if (method === "session/new") sessionId = "fresh";
      const answer = method === "session/new" ? {} : method === "session/list" ? pages.shift() : BROKEN;
      return answer instanceof RequestError ? Promise.reject(answer) : Promise.resolve(answer);
    },
    process: { stderrTail: () => undefined },
  };
  const feed = {
    expectReplay: () => undefined,
    get sessionId() {
      return sessionId;
    },
  };
  const features = { load: "yes", resume: "yes", list } as Features;
  const opened = await openSession(connection as unknown as Connection, feed as unknown as SessionFeed, {
    agent: "one",
    cwd: "/home/me/one",
    mcpServers: [],
    authMethods: [],
    known: "old",
    features,
    resumeBroken: false,
    more: {},
    timeouts: ACP_TIMEOUTS,
  }).then(
    ({ openedBy }) => openedBy,
    (error: Error) => error.message,
  );
  return { opened, asked: asked.join(" ") };
}

const REFUSED = "Internal error: OpenCode service failure";

describe("a refusal that says only that something failed", () => {
  test("[A-5] a session that the agent's whole list does not name is gone: a new one is opened", async () => {
    const pages = [{ sessions: [{ sessionId: "a" }], nextCursor: "2" }, { sessions: [{ sessionId: "b" }] }];
    expect(await openWith(pages)).toEqual({
      opened: "create",
      asked: "session/resume session/load session/list session/list session/new",
    });
  });

  test.each<[string, Answer[]]>([
    [
      "is in the list",
      [{ sessions: [{ sessionId: "a" }], nextCursor: "2" }, { sessions: [{ sessionId: "old" }] }],
    ],
    ["cannot be looked for", [BROKEN]],
    ["is looked for in no list", [{}]],
    [
      "is looked for in a list without an end",
      Array.from({ length: 60 }, () => ({ sessions: [], nextCursor: "x" })),
    ],
  ])("[A-5] a session that %s is kept, and the turn fails", async (_what, pages) => {
    const { opened, asked } = await openWith(pages);
    expect(opened).toContain(REFUSED);
    expect(asked).not.toContain("session/new");
  });

  test("[A-5] an agent that lists nothing is not asked", async () => {
    const { opened, asked } = await openWith([], "no");
    expect(opened).toContain(REFUSED);
    expect(asked).toBe("session/resume session/load");
  });
});
