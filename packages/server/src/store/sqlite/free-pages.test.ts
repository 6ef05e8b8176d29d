import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import type { Actor, TextPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { openSqliteStore } from "./index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };
/** Characters of each text: eight pages. */
const LENGTH = 131_072;
const INPUTS = 80;

test("[D-26] the file gives back what a deleted session took, some pages in each sweep", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-free-pages-"));
  const store = await openSqliteStore({ directory, synchronous: "OFF" });
  try {
    const pages = (name: "page_count" | "freelist_count") =>
      store.runner.reader.get<Record<string, number>>(`PRAGMA ${name}`)?.[name] ?? 0;
    const sessionId = newId("ses");
    await store.createSession({
      actor: OWNER,
      sessionId,
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory,
      title: "A session",
      agent: "rehearsal",
      approvalMode: "ask",
      resumePolicy: "manual",
    });
    for (let input = 0; input < INPUTS; input += 1) {
      const messageId = newId("msg");
      const text = "x".repeat(LENGTH);
      const part: TextPart = { id: newId("prt"), sessionId, messageId, type: "text", text };
      await store.admitInput({
        actor: OWNER,
        sessionId,
        inputId: newId("inp"),
        turnId: newId("trn"),
        messageId,
        parts: [part],
        requestedDelivery: "queue",
        delivery: "queue",
        agent: "rehearsal",
      });
    }
    const grown = pages("page_count");
    await store.deleteSession({ sessionId, actor: OWNER });
    const freed = pages("freelist_count");
    expect(freed).toBeGreaterThan(INPUTS * 8);
    await store.sweepHousekeeping({ limit: 100 });
    expect(pages("page_count"), "one sweep gives back 256 pages").toBe(grown - 256);
    for (let sweep = 0; sweep < 4; sweep += 1) await store.sweepHousekeeping({ limit: 100 });
    expect(pages("freelist_count"), "what is kept for what comes next").toBeLessThanOrEqual(64);
    expect(pages("page_count")).toBeLessThan(grown - INPUTS * 8 + 64);
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
});
