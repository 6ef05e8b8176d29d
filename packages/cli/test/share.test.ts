/** Shares on the command line (S-2, S-13 to S-17, S-35), against the real server and the share service that it starts beside itself. */
import type { Share } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createHouse, expectRun, PATIENCE_MS } from "./command.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve({ HOLDFAST_SHARE_PORT: "0" });
});
afterAll(() => house.close());

const run = (...args: string[]) => house.run(args);
const json = async <T>(...args: string[]): Promise<T> =>
  JSON.parse((await run(...args, "--json")).stdout) as T;

/** Commands that do not wait for each other. */
async function each(
  cases: readonly (readonly [args: string[], code: number, text: string])[],
): Promise<void> {
  const results = await Promise.all(cases.map(([args]) => house.run(args)));
  for (const [index, [, code, text]] of cases.entries())
    expectRun(results[index] ?? { code: null, stdout: "", stderr: "" }, code, text);
}

async function newSession(title: string): Promise<string> {
  const { id } = await server.client.createSession({ directory: house.project, agent: "rehearsal", title });
  await server.client.admitInputAndWait(
    id,
    { parts: [{ type: "text", text: "SAY the heron waits" }] },
    { timeoutMs: PATIENCE_MS },
  );
  return id;
}

/** Made as the page makes one, so that a test begins with what it is about. */
async function newShare(title = "Mend the parser"): Promise<{ session: string; id: string; link: string }> {
  const session = await newSession(title);
  const { previewId } = await server.client.previewShare(session);
  const { share, link } = await server.client.createShare(session, { previewId });
  await stateOf(share.id, "live");
  return { session, id: share.id, link: link.url };
}

const stateOf = (id: string, state: Share["state"]) =>
  vi.waitFor(async () => expect((await server.client.getShare(id)).state).toBe(state), {
    timeout: PATIENCE_MS,
  });
/** What a reader gets; the service hears of what was asked in a moment. */
const answers = (link: string, status: number) =>
  vi.waitFor(async () => expect((await fetch(link)).status).toBe(status), { timeout: PATIENCE_MS });

describe("[I-9] holdfast share", () => {
  test("[S-17, S-2] nothing leaves before somebody agreed; then the link alone is on stdout", async () => {
    const session = await newSession("Mend the parser");
    const asked = await run("share", "create", session);
    expectRun(asked, 2, "say --yes");
    expect(asked.stderr).toContain("messages, ");
    await each([
      [["share", "list"], 0, "No shares."],
      [["share", "create", session, "--days", "soon"], 2, "whole number"],
      [["share", "create", session, "-y", "--service", "http://share.example"], 2, "https"],
      [["share", "create", "ses_00000000000000000000000000", "-y"], 4, "ses_0000"],
    ]);
    const made = await run("share", "create", session, "-y", "--title", "For the review", "--days", "0");
    expect([made.code, made.stdout]).toEqual([
      0,
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/s\/hfs_\S+\n$/),
    ]);
    expect(made.stderr).toContain("this machine only");
    const [id = ""] = /shr_\w+/.exec(made.stderr) ?? [];
    await answers(made.stdout.trim(), 200);

    const listed = await run("share", "list", "--session", session);
    expectRun(listed, 0, "For the review");
    expect(listed.stdout).toContain(id);
    expect(await json("share", "list")).toMatchObject({ items: [{ id, title: "For the review" }] });
    await each([
      [["share", "list", "--session", "ses_00000000000000000000000000"], 0, "No shares."],
      [["share", "show", id], 0, "never"],
      [["share", "show", "shr_00000000000000000000000000"], 4, "shr_0000"],
    ]);
    expect(await json("share", "show", id)).toMatchObject({ share: { id, state: "live" }, batches: [{}] });
    expect((await run("share", "link", id)).stdout).toBe(made.stdout);
    expect(await json("share", "link", id)).toEqual({ url: made.stdout.trim(), isLocal: true });
  });

  test("[S-2, S-13] it is paused, goes on, is read by another link, and is taken back for good", async () => {
    const { id, link } = await newShare();
    expectRun(await run("share", "pause", id), 0, "paused");
    expectRun(await run("share", "pause", id), 7, "is paused");
    expect(await json("share", "resume", id)).toMatchObject({ share: { id, state: "live" } });
    expectRun(await run("share", "adopt", id), 7, "is live");
    await answers(link, 200);
    expectRun(await run("share", "audit", id), 0, "redeemShare");
    const renewed = (await run("share", "link", id, "--renew")).stdout.trim();
    await answers(renewed, 200);
    await answers(link, 404);
    expectRun(await run("share", "revoke", id), 0, "revoking (not confirmed)");
    await answers(renewed, 404);
    await stateOf(id, "revoked");
    expect(await json("share", "revoke", id)).toMatchObject({ share: { id, state: "revoked" } });
    expectRun(await run("share", "resume", id), 7, "is revoked");
    expect((await run("share", "list")).stdout).not.toContain(id);
    expectRun(await run("share", "list", "--all"), 0, id);
  });

  test("[S-32] one that outlived its session is taken back all the same", async () => {
    const { session, id, link } = await newShare();
    await answers(link, 200);
    expectRun(await run("session", "delete", session, "--keep-shares"), 0, "");
    expectRun(await run("share", "show", id), 0, "(deleted)");
    expect((await fetch(link)).status).toBe(200);
    expectRun(await run("share", "revoke", id), 0, "revok");
    await answers(link, 404);
  });

  test("[S-35] the list of a publish key opens once, by a code in the address", async () => {
    const { id } = await newShare();
    const opened = await run("share", "open", "--print");
    expectRun(opened, 0, "it works once");
    const [, origin = "", code = ""] = /^(http:\S+)\/#code=([0-9a-f]{32})\n$/.exec(opened.stdout) ?? [];
    const exchange = () =>
      fetch(`${origin}/api/auth/browser`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ code }),
      });
    const { token } = (await (await exchange()).json()) as { token: string };
    const list = await fetch(`${origin}/api/listing`, { headers: { authorization: `Bearer ${token}` } });
    expect(JSON.stringify(await list.json())).toContain(id);
    expect((await exchange()).status).toBe(401);
    const again = await json<{ url: string; isLocal: boolean }>("share", "open");
    expect([again.isLocal, again.url.startsWith(`${origin}/#code=`)]).toEqual([true, true]);
    expectRun(await run("share", "open", "--service", "https://elsewhere.example"), 2, "no publish key");
  });
});

describe("[I-9] holdfast ref on a share", () => {
  test("[S-13, S-15] a further link has rights and an end of its own, and is taken back alone", async () => {
    const { id, link } = await newShare();
    const made = await run("ref", "create", id, "-r", "comment", "--expires", "1d", "--label", "Ada");
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^http:\S+\/l#hfs_\S+\n$/)]);
    expect(made.stderr).toContain("HOLDFAST_SHARE_SERVICE");
    const [ref = ""] = /ref_\w+/.exec(made.stderr) ?? [];
    const redeem = () => house.run(["ref", "redeem"], { stdin: made.stdout });
    await vi.waitFor(async () => expectRun(await redeem(), 0, "read, comment"), { timeout: PATIENCE_MS });
    expectRun(await house.run(["ref", "redeem"], { stdin: link }), 0, "Mend the parser");
    const listed = await run("ref", "list", "--share", id);
    expectRun(listed, 0, "Ada");
    expect(listed.stdout).toContain("The link");
    expect(listed.stdout).not.toContain("append");
    expectRun(await run("ref", "audit", ref), 0, "redeemShare");
    expectRun(await run("ref", "revoke", ref), 0, "all below it");
    await vi.waitFor(async () => expectRun(await redeem(), 4, "does not work"), { timeout: PATIENCE_MS });
    expect((await fetch(link)).status).toBe(200);
    expect((await run("ref", "list", "--share", id)).stdout).not.toContain("Ada");
    const { items } = await json<{ items: unknown[] }>("ref", "list", "--share", id, "--all");
    expect(items).toContainEqual(expect.objectContaining({ id: ref, ended: "revoked" }));
  });

  test("[S-14, I-11] what no link of a share can have is refused with the way to it", async () => {
    const { id } = await newShare();
    await each([
      [["ref", "create", id, "-r", "prompt"], 2, "on its session"],
      [["ref", "create", id, "--tool", "shell"], 2, "for sessions"],
      [["ref", "create", "shr_00000000000000000000000000"], 4, "shr_0000"],
      [["ref", "list", "--share", id, "--session", "ses_x"], 2, "cannot be used with"],
    ]);
    const made = await json<{ ref: { id: string; target: unknown }; local: boolean }>("ref", "create", id);
    expect(made).toMatchObject({ ref: { target: { kind: "share", id }, rights: ["read"] }, local: true });
    expectRun(await run("ref", "attenuate", made.ref.id), 2, `Make another one on ${id}`);
  });
});
