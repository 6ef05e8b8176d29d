import { newId } from "@holdfast/kernel";
import type { GivenMcpServer, MessageInfo, Part, Session } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { ShareMask, SourceRow, StoredShare } from "../../store/index.ts";
import { createPublisher } from "./projection.ts";

const sessionId = newId("ses");
const share = { id: newId("shr"), sessionId, includes: { files: false, others: false } } as StoredShare;
const message = {
  id: newId("msg"),
  sessionId,
  ordinal: 1,
  role: "user",
  agent: "rehearsal",
  time: { created: 1 },
};
const said = (text: string): SourceRow => {
  const part = { id: newId("prt"), sessionId, messageId: message.id, ordinal: 1, type: "text", text } as Part;
  return { key: `part:${part.id}`, row: "part", part, message: message as MessageInfo };
};

function scene(secrets: () => readonly string[] = () => []) {
  const servers: GivenMcpServer[] = [
    { name: "files", type: "stdio", command: "files", env: { FILES_PASS: "given to files" } },
  ];
  const { project } = createPublisher({
    store: {
      getSession: () => Promise.resolve({ workspaceId: newId("wsp"), directory: "/srv/app/sub" } as Session),
      getWorkspace: () => Promise.resolve({ directory: "/srv/app" } as never),
      givenServers: () => Promise.resolve(servers),
      getBlob: () => Promise.resolve(undefined),
    },
    readChange: (change) => Promise.resolve(change),
    home: ["/home/me"],
    secrets,
  });
  return async (texts: string[], masks: ShareMask[] = []) => {
    const answer = await project({ share, rows: texts.map(said), masks });
    const told = answer.rows.map((row) =>
      row.is === "row" ? (row.payload["part"] as { text: string }).text : row.is,
    );
    return { told, masks: answer.masks };
  };
}

test("[S-17] [S-26] masks are an input of publishing, and what was found new is its other answer", async () => {
  const project = scene();
  const first = await project(["it was plainwords", `password: "plainwords"`]);
  expect(first).toEqual({
    told: ["it was [masked 1]", `password: "[masked 1]"`],
    masks: [{ number: 1, kind: "password", value: "plainwords" }],
  });
  expect(await project(["plainwords, bare"])).toEqual({ told: ["plainwords, bare"], masks: [] });
  const later = await project(["plainwords, bare; --token abc12345"], first.masks);
  expect(later.told).toEqual(["[masked 1], bare; --token [masked 2]"]);
  expect(later.masks.map(({ number }) => number)).toEqual([2]);
  expect(await project(["plainwords, bare; --token abc12345"], first.masks)).toEqual(later);
});

test("[S-17] secrets of MCP servers are known, those of the machine too, and new ones of it from then on", async () => {
  let secrets: readonly string[] = ["of the machine"];
  const project = scene(() => secrets);
  expect((await project(["given to files, of the machine, made later"])).told).toEqual([
    "[masked 2], [masked 1], made later",
  ]);
  secrets = [...secrets, "made later"];
  expect((await project(["made later"])).told).toEqual(["[masked 1]"]);
});

test("[S-17] paths are relative to the workspace, wherever in it the session works", async () => {
  const { told } = await scene()(["/srv/app/sub/a.ts /srv/app/b.ts /home/me/c /srv/other"]);
  expect(told).toEqual(["sub/a.ts b.ts ~/c /srv/other"]);
});
