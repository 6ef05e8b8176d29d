/** Refs on the command line (S-13 to S-16): made, opened, used, looked at and ended; and what a restore ends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createHouse, expectRun, PATIENCE_MS } from "./command.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;

beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

const run = (...args: string[]) => house.run(args);
const newSession = async (): Promise<string> =>
  (await server.client.createSession({ directory: house.project, agent: "rehearsal", title: "Shown" })).id;

describe("[I-9] holdfast ref", () => {
  test("[S-13] a link is shown once, is opened from stdin or a file, and ends with its ref", async () => {
    const session = await newSession();
    const made = await run(
      "ref",
      "create",
      session,
      "-r",
      "prompt",
      "-r",
      "comment",
      "--label",
      "Ada",
      "--uses",
      "3",
    );
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/l#hfs_\S+\n$/);
    expect(made.stderr).toContain("anything that you can");
    expect(made.stderr).toContain("this machine only");
    const link = made.stdout.trim();
    const [, secret = ""] = link.split("#");
    const opened = await house.run(["ref", "redeem"], { stdin: link });
    expectRun(opened, 0, `${session}  Shown`);
    expect(opened.stderr).toContain("read, comment, prompt");
    const file = join(house.root, "link");
    writeFileSync(file, `${link}\n`);
    const sent = await run("ref", "send", "--link", file, "SAY", "hello");
    expect([sent.code, sent.stdout]).toEqual([0, expect.stringMatching(/^trn_\w+\n$/)]);
    expect((await server.client.getTurn(sent.stdout.trim())).actor).toMatchObject({
      kind: "ref",
      label: "Ada",
    });
    const listed = await run("ref", "list", "--session", session);
    const id = listed.stdout.slice(0, 30);
    expectRun(listed, 0, "Ada used");
    expect(listed.stdout).not.toContain(secret);
    expectRun(await run("ref", "audit", id), 0, "input.admit");
    expectRun(await run("ref", "attenuate", id, "-r", "admin"), 2, "admin would allow more");
    const narrower = await run("ref", "attenuate", id, "-r", "read", "--json");
    expect(JSON.parse(narrower.stdout)).toMatchObject({
      ref: { parentId: id, caveats: { maxUses: 3 } },
      local: true,
    });
    expectRun(await run("ref", "revoke", id, "--reason", "left"), 0, "all below it");
    expectRun(await house.run(["ref", "redeem", "-"], { stdin: link }), 4, "does not work");
    expectRun(await run("ref", "list"), 0, "No refs");
    expectRun(await run("ref", "list", "--all"), 0, "revoked");
  });

  test("[S-28] a turn of a ref asks although its session does not, and is stopped when the ref ends", async () => {
    const { client } = server;
    const { id: session } = await client.createSession({
      directory: house.project,
      agent: "rehearsal",
      approvalMode: "all",
    });
    const made = await run("ref", "create", session, "-r", "prompt", "--json");
    const { ref, link } = JSON.parse(made.stdout) as { ref: { id: string }; link: string };
    const sent = await house.run(["ref", "send", "--link", "-", "ASK May I?"], { stdin: link });
    const turnId = sent.stdout.trim();
    const asked = await vi.waitFor(
      async () => {
        const { items } = await client.listPermissions({ state: "pending", sessionId: session });
        if (items[0] === undefined) throw new Error("Nothing is asked yet.");
        return items[0];
      },
      { timeout: PATIENCE_MS },
    );
    expect(asked.turnId).toBe(turnId);
    expectRun(await run("ref", "revoke", ref.id), 0, "all below it");
    await vi.waitFor(
      async () =>
        expect(await client.getTurn(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" }),
      { timeout: PATIENCE_MS },
    );
    expect((await client.getSession(session)).approvalMode).toBe("all");
  });

  test("[S-34] no secret is taken from an argument, and what is no link is refused", async () => {
    const refused = await house.run(["ref", "redeem"], { stdin: "hello" });
    expect(refused.stderr).toContain("no link of a ref");
    expect(refused.code).toBe(2);
    expectRun(await house.run(["ref", "redeem"], { stdin: `ftp://x/l#hfs_${"a".repeat(49)}` }), 2, "http");
    expectRun(await run("ref", "create", "ses_x", "-r", "own"), 2, "own is not one of");
    expectRun(await run("ref", "create", await newSession(), "--expires", "soon"), 2, "no time such as");
  });

  test("[S-24] a restore is refused while a server runs, and ends every ref", async () => {
    const session = await newSession();
    const link = (await run("ref", "create", session, "--expires", "7d")).stdout;
    expectRun(await run("restore"), 7, "A server runs on");
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
    expectRun(await run("restore", "--from", house.project), 1, "holds no holdfast.db");
    const copied = await run("restore", "--from", house.dataDirectory);
    expectRun(copied, 1, "itself");
    expectRun(await run("restore"), 0, "refs ended");
    server = await house.serve();
    const [address, secret] = link.trim().split("#");
    const here = `${server.url}${new URL(address ?? "").pathname}#${secret}`;
    expectRun(await house.run(["ref", "redeem"], { stdin: here }), 4, "does not work");
    expectRun(await run("ref", "list", "--all"), 0, "revoked");
  });
});
