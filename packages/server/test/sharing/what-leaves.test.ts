import { FakeClock, newId, newRefSecret } from "@holdfast/kernel";
import type { Change, PartId, SessionId } from "@holdfast/protocol";
import { afterEach, expect, test } from "vitest";
import { ShareSender } from "../../src/outbox/index.ts";
import { createPublisher } from "../../src/sharing/index.ts";
import { delta, OWNER, placeOf, StoreRig, textPart, toolPart } from "../contract/rig.ts";
import { openSqliteEngine } from "../contract/sqlite-engine.ts";
import { change, record } from "../contract/worktree-rig.ts";
import { RecordingService } from "./recording-service.ts";

const TOKEN = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].join("");
const KNOWN = "not like a secret at all";
const PLAIN = "plainwords";

let rig: StoreRig | undefined;
afterEach(() => rig?.close());

async function shared(
  sessionId: SessionId,
  at: StoreRig,
  patchOf: (of: Change) => string | undefined = () => undefined,
) {
  const clock = new FakeClock();
  const service = new RecordingService();
  const held = () => ({ refId: newId("ref"), secret: newRefSecret() });
  const [owner, append, link] = [held(), held(), held()];
  const id = newId("shr");
  await at.store.createShare({
    actor: OWNER,
    share: {
      id,
      sessionId,
      title: "A session",
      service: "https://x",
      owner,
      append,
      link,
      includes: { files: false, others: false },
    },
    tasks: [{ kind: "create", owner, append }],
  });
  const { project } = createPublisher({
    store: at.store,
    readChange: (of) => Promise.resolve({ ...of, patch: patchOf(of) }),
    home: ["/home/me"],
    secrets: () => [KNOWN],
  });
  const newSender = () =>
    new ShareSender(id, {
      store: at.store,
      transport: () => service,
      project,
      publishKey: () => "key",
      clock,
      random: () => 0,
    });
  let sender = newSender();
  const send = async (): Promise<void> => {
    for (let steps = 0; steps < 200; steps += 1) {
      const again = await sender.step();
      if (again.when === "changed" || again.when === "never") return;
      if (again.when === "at") clock.advance(Math.max(0, again.time - clock.now()));
    }
    throw new Error("The sender did not come to rest.");
  };
  return { service, send, restart: () => void (sender = newSender()) };
}

/** What a service knows of a part in the end: its last whole form, and what grew after it. */
function textOf(service: RecordingService, partId: PartId): string {
  return service.of(partId).reduce((text, { type, payload }) => {
    if (type === "message.part.delta") return text + String(payload["text"]);
    return (payload["part"] as { text: string }).text;
  }, "");
}

test("[S-17] a secret that is split over deltas does not leave the machine, nor does any half of it", async () => {
  rig = await StoreRig.open(openSqliteEngine);
  const run = await rig.running();
  const sessionId = run.session.id;
  const { service, send } = await shared(sessionId, rig);
  await send();
  const part = textPart(placeOf(run), "", { start: 1 });
  await rig.part(run, part);
  let said = "";
  for (const piece of [
    `Take ${TOKEN.slice(0, 20)}`,
    TOKEN.slice(20),
    " and not like a",
    " secret at all",
    ", at /home",
    "/me/x.",
  ]) {
    await rig.append(run, delta(part, said.length, piece));
    said += piece;
    await send();
  }
  expect(service.of(part.id).filter(({ type }) => type === "message.part.delta").length).toBeGreaterThan(1);
  expect(textOf(service, part.id)).toBe("Take [masked 1] and [masked 2], at ");
  await rig.finish(run);
  await send();
  expect(textOf(service, part.id)).toBe("Take [masked 1] and [masked 2], at ~/x.");
  const heard = service.heard.join("\n");
  for (let at = 4; at <= TOKEN.length - 8; at += 1) expect(heard).not.toContain(TOKEN.slice(at, at + 8));
  expect(heard).not.toMatch(/secret at|like a|home.me/);
});

test("[S-17] [S-26] what was masked once never leaves bare again, and what had left before is told anew", async () => {
  rig = await StoreRig.open(openSqliteEngine);
  const run = await rig.running();
  const { service, send } = await shared(run.session.id, rig);
  const first = await rig.part(run, textPart(placeOf(run), `it is ${PLAIN}`, { start: 1, end: 2 }));
  await send();
  expect(textOf(service, first.id)).toBe(`it is ${PLAIN}`);
  const before = service.heard.length;
  const state = { status: "running" as const, input: { password: PLAIN }, raw: "", time: { start: 1 } };
  await rig.part(run, toolPart(placeOf(run), state));
  const third = await rig.part(run, textPart(placeOf(run), `${PLAIN}, bare`, { start: 1, end: 2 }));
  await send();
  expect(textOf(service, third.id)).toBe("[masked 1], bare");
  expect(textOf(service, first.id)).toBe("it is [masked 1]");
  expect(service.heard.slice(before).join("\n")).not.toContain(PLAIN);
});

test("[S-17] [S-9] secrets in a patch, in names of files and in a file do not leave", async () => {
  rig = await StoreRig.open(openSqliteEngine);
  const run = await rig.running();
  const { id: sessionId, workspaceId } = run.session;
  const patch = `diff --git a/x b/x\n@@ -1,1 +1,2 @@\n x\n+key = "${TOKEN}"\n`;
  const { service, send } = await shared(sessionId, rig, () => patch);
  const contribution = { agent: "rehearsal", sessionId, before: "1", after: "2", hunks: ["h1"], time: 1 };
  const hunks = [
    {
      id: "h1",
      oldStart: 1,
      oldLines: 0,
      newStart: 2,
      newLines: 1,
      origins: [{ agent: "rehearsal", sessionId }],
    },
  ];
  await record(rig, workspaceId, [
    change(workspaceId, { path: `keys/${TOKEN}.pem`, contributions: [contribution], hunks }),
  ]);
  const bytes = Buffer.from(`a file with ${TOKEN}`);
  const { hash } = await rig.store.putBlob({ sessionId, bytes, mime: "text/plain" });
  const place = placeOf(run);
  await rig.part(run, {
    ...textPart(place, ""),
    type: "file",
    mime: "text/plain",
    filename: `${TOKEN}.txt`,
    url: `blob:${hash}`,
  } as never);
  await send();
  const heard = service.heard.join("\n");
  expect(heard).toContain("keys/[masked 1].pem");
  expect(heard).toContain(`+key = \\"[masked 1]\\"`);
  expect(heard).toContain("a file with [masked 1]");
  expect(heard).not.toContain(TOKEN.slice(4, 16));
});

test("[S-30] a resync sends every row anew and no content that the service has, unless it is masked otherwise now", async () => {
  const here = await StoreRig.open(openSqliteEngine);
  rig = here;
  const run = await here.running();
  const sessionId = run.session.id;
  const { service, send, restart } = await shared(sessionId, here);
  const file = async (text: string) => {
    const { hash } = await here.store.putBlob({ sessionId, bytes: Buffer.from(text), mime: "text/plain" });
    const part = { ...textPart(placeOf(run), ""), type: "file", mime: "text/plain", url: `blob:${hash}` };
    await here.part(run, part as never);
    return part;
  };
  const [plain, named] = [await file("a file"), await file(`it is ${PLAIN}`)];
  await send();
  expect(service.uploaded).toHaveLength(2);
  const before = service.of(plain.id).length;
  service.forgetStreams();
  restart();
  await send();
  expect(service.of(plain.id)).toHaveLength(before + 1);
  expect(service.uploaded).toHaveLength(2);
  const state = { status: "running" as const, input: { password: PLAIN }, raw: "", time: { start: 1 } };
  await here.part(run, toolPart(placeOf(run), state));
  await send();
  expect(service.uploaded).toHaveLength(3);
  expect(service.of(named.id)).toHaveLength(3);
  expect(service.heard).toContain("it is [masked 1]");
});
