import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ChangeId, MessageId, PartId, SessionId } from "@holdfast/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DATABASE_FILE, openSqliteStore } from "./index.ts";

/**
 * Rows as version 1 wrote them, word for word. They are never edited: when a row changes its form, a new example is added and these are still read (D-36).
 */
const VERSION_1 = `
INSERT INTO actor (rid, id, kind, label) VALUES (1, 'owner', 'owner', 'Owner');
INSERT INTO project (rid, id, directory, name, actor, time_created) VALUES (1, 'prj_v1', '/p', 'p', 1, 1);
INSERT INTO workspace (rid, id, project, kind, directory, actor, time_created) VALUES (1, 'wsp_v1', 1, 'directory', '/p', 1, 1);
INSERT INTO session (rid, id, project, workspace, directory, title, agent, approval_mode, resume_policy, last_seq, next_ordinal, actor, time_created,
  time_updated) VALUES (1, 'ses_v1', 1, 1, '/p', 't', 'rehearsal', 'ask', 'manual', 12, 2, 1, 1, 1);
INSERT INTO turn (rid, id, session, agent, state, actor, time_queued, time_started, first_seq, event_seq)
  VALUES (1, 'trn_v1', 1, 'rehearsal', 'running', 1, 1, 2, 5, 6);
INSERT INTO message (rid, id, session, ordinal, turn, role, data, event_seq, schema_version) VALUES
  (1, 'msg_user', 1, 0, 1, 'user', '{"agent":"rehearsal","time":{"created":1},"system":"Be short."}', 4, 1),
  (2, 'msg_answer', 1, 1, 1, 'assistant', '{"parentId":"msg_user","agent":"rehearsal","time":{"created":2},"path":{"cwd":"/p","root":"/p"},"step":1}', 7, 1);
INSERT INTO input (rid, id, session, turn, message, state, requested_delivery, delivery, position, actor, time_admitted, time_delivered, event_seq)
  VALUES (1, 'inp_v1', 1, 1, 1, 'delivered', 'queue', 'queue', 0, 1, 1, 2, 5);
INSERT INTO part (rid, id, session, message, ordinal, type, data, seq, event_seq, open, schema_version) VALUES
  (1, 'prt_asked', 1, 1, 0, 'text', '{"text":"hi"}', 3, 3, 0, 1),
  (2, 'prt_text', 1, 2, 0, 'text', '{"text":"Hel","time":{"start":3}}', 8, 8, 1, 1),
  (3, 'prt_tool', 1, 2, 1, 'tool', '{"callId":"c","tool":"shell","state":{"status":"running","input":{},"raw":"{}","time":{"start":4}}}', 9, 9, 1, 1);
INSERT INTO event (session, seq, type, ref, extra, payload, turn, actor, time) VALUES
  (1, 10, 44, 2, 12, 'lo', 1, 1, 3), (1, 11, 44, 3, 2, 'out', 1, 1, 3), (1, 12, 44, 2, 20, '!', 1, 1, 3);
`;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-examples-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test("[D-36] messages, parts and deltas stored by version 1 are read back", async () => {
  await (await openSqliteStore({ directory, synchronous: "OFF" })).close();
  const database = new DatabaseSync(join(directory, DATABASE_FILE));
  database.exec(VERSION_1);
  database.close();
  const store = await openSqliteStore({ directory, synchronous: "OFF" });
  try {
    const whole = { sessionId: "ses_v1", turnId: "trn_v1", agent: "rehearsal" };
    const asked = { sessionId: "ses_v1", messageId: "msg_user" };
    expect(await store.getMessage("msg_user" as MessageId)).toEqual({
      info: { ...whole, id: "msg_user", role: "user", ordinal: 0, time: { created: 1 }, system: "Be short." },
      parts: [{ ...asked, id: "prt_asked", ordinal: 0, type: "text", text: "hi" }],
    });
    const answer = await store.getMessage("msg_answer" as MessageId);
    expect(answer?.info).toEqual({
      ...whole,
      id: "msg_answer",
      role: "assistant",
      ordinal: 1,
      parentId: "msg_user",
      mode: "rehearsal",
      time: { created: 2 },
      path: { cwd: "/p", root: "/p" },
      step: 1,
    });
    const place = { sessionId: "ses_v1", messageId: "msg_answer" };
    const state = { status: "running", input: {}, raw: "{}", output: "out", time: { start: 4 } };
    expect(answer?.parts).toEqual([
      { ...place, id: "prt_text", ordinal: 0, type: "text", text: "Hello!", time: { start: 3 } },
      { ...place, id: "prt_tool", ordinal: 1, type: "tool", callId: "c", tool: "shell", state },
    ]);
    expect(await store.getPart("prt_text" as PartId)).toEqual(answer?.parts[0]);
    const { drift, foreignKeys, integrity } = await store.inspect();
    expect({ drift, foreignKeys, integrity }).toEqual({ drift: [], foreignKeys: [], integrity: [] });
  } finally {
    await store.close();
  }
});

test("[D-36] a row of a version that is not known is refused by name, and its neighbours are read", async () => {
  await (await openSqliteStore({ directory, synchronous: "OFF" })).close();
  const database = new DatabaseSync(join(directory, DATABASE_FILE));
  database.exec(VERSION_1);
  database.exec(`INSERT INTO change (rid, id, workspace, key, state, revision, time_created, time_updated, contributions, data, schema_version)
    VALUES (1, 'chg_v9', 1, 'a', 'pending', 1, 1, 1, '[]', '{}', 9);
    INSERT INTO session (rid, id, project, workspace, directory, title, agent, approval_mode, resume_policy, actor, time_created, time_updated,
      schema_version) VALUES (2, 'ses_v9', 1, 1, '/p', 't', 'rehearsal', 'ask', 'manual', 1, 1, 1, 9);
    INSERT INTO event (session, seq, type, ref, turn, actor, time) VALUES (1, 4, 40, 1, 1, 1, 3), (1, 9, 42, 3, 1, 1, 3);
    UPDATE message SET schema_version = 9 WHERE id = 'msg_user'; UPDATE part SET schema_version = 9 WHERE id = 'prt_tool';`);
  database.close();
  const store = await openSqliteStore({ directory, synchronous: "OFF" });
  const refused = (id: string) => ({ code: "NEWER_ROW", data: { id, version: 9 } });
  try {
    await expect(store.getMessage("msg_user" as MessageId)).rejects.toMatchObject(refused("msg_user"));
    await expect(store.getMessage("msg_answer" as MessageId)).rejects.toMatchObject(refused("prt_tool"));
    await expect(store.getPart("prt_tool" as PartId)).rejects.toMatchObject(refused("prt_tool"));
    await expect(store.getChange("chg_v9" as ChangeId)).rejects.toMatchObject(refused("chg_v9"));
    await expect(store.getSession("ses_v9" as SessionId)).rejects.toMatchObject(refused("ses_v9"));
    expect(await store.getPart("prt_text" as PartId)).toMatchObject({ text: "Hello!" });
    const { events } = await store.replaySession({ sessionId: "ses_v1" as SessionId, after: 0, limit: 100 });
    expect(events.map(({ type, data }) => [type, JSON.parse(data) as unknown])).toEqual(
      expect.arrayContaining([
        ["message.updated", { messageId: "msg_user", tooLarge: true }],
        ["message.part.updated", { messageId: "msg_answer", partId: "prt_tool", tooLarge: true }],
      ]),
    );
    expect(await store.getSession("ses_v1" as SessionId)).toMatchObject({ id: "ses_v1" });
  } finally {
    await store.close();
  }
});
