import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createClient } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, PATIENCE_MS, type Running } from "./command.ts";

/** What a command that has to wait says, and what it does when the server's token is replaced under it. */
const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;
const place = (name: string): string => {
  const directory = join(house.project, name);
  mkdirSync(directory, { recursive: true });
  return directory;
};

beforeAll(async () => {
  mkdirSync(dirname(house.configFile), { recursive: true });
  writeFileSync(house.configFile, JSON.stringify({ maxLiveAgents: 1, snapshots: false }));
  server = await house.serve();
});
afterAll(() => house.close());

const client = () => {
  const token = readFileSync(join(house.dataDirectory, "token"), "utf8").trim();
  return createClient({ url: server.url, token });
};
const says = (running: Running, text: string) =>
  vi.waitFor(() => expect(running.stderr()).toContain(text), { timeout: PATIENCE_MS });

/** A session whose turn runs until it is stopped. */
async function busySession(directory: string) {
  const { id } = await client().createSession({ directory, agent: "rehearsal" });
  const { turn } = await client().admitInput(id, { parts: [{ type: "text", text: "HANG" }] });
  await vi.waitFor(async () => expect((await client().getTurn(turn.id)).opened).toBeDefined(), {
    timeout: PATIENCE_MS,
  });
  return { id, turnId: turn.id, stop: () => client().cancelTurn(turn.id) };
}

describe("[A-14, I-11] a run says what its turn waits for, and what can be done", () => {
  test.runIf(isWhole)(
    "[A-14, D-6] another session, its own session, a paused queue, and a place among the agents",
    async () => {
      const here = place("here");
      const first = await busySession(here);
      const beside = house.start(["run", "-a", "rehearsal", "-C", here, "SAY beside"]);
      const stream = ["run", "-s", first.id, "--output", "stream-json", "SAY behind"];
      const behind = house.start(stream);
      const elsewhere = house.start(["run", "-a", "rehearsal", "-C", place("there"), "SAY elsewhere"]);
      await says(beside, `Waiting: session ${first.id} works in the same directory.`);
      await says(beside, `holdfast turn stop ${first.id}`);
      await says(behind, "Waiting: its session does something else first.");
      await says(elsewhere, "Waiting: as many agents live as may");
      await says(elsewhere, "holdfast agents");

      const shown = await house.run(["session", "list"]);
      expect(shown.stdout).toContain("idle, queued");
      // What was queued behind a turn that is stopped waits for somebody to let it go on.
      await first.stop();
      await says(behind, "Waiting: the queue of its session is paused.");
      await says(behind, `holdfast turn queue ${first.id} --resume`);
      expect((await house.run(["session", "list"])).stdout).toMatch(new RegExp(`${first.id}.*idle, paused`));
      expect((await house.run(["session", "show", first.id])).stdout).toContain(
        `waiting: the queue of its session is paused (holdfast turn queue ${first.id} --resume`,
      );
      await client().resumeQueue(first.id);
      const ends = await Promise.all([beside.ended, behind.ended, elsewhere.ended]);
      expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(ends[0]?.stdout).toBe("beside\n");
      expect(ends[1]?.stdout).not.toContain("Waiting");
    },
  );
});

test("[A-29, I-11] a usage limit is told by lists, runs and attachments, of other sessions too, and can be sent against", async () => {
  const { id } = await client().createSession({ directory: place("limited"), agent: "rehearsal" });
  const refused = await house.run(["run", "-s", id, "LIMIT 3600000 no more today"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("The turn ended (limited): no more today");
  expect(refused.stderr).toMatch(/The usage limit is over at .*, in (1 h 0|[45]\d) min\./);
  expect(refused.stderr).toContain(`holdfast turn continue ${id}`);
  const next = house.start(["run", "-s", id, "SAY later"]);
  await says(next, "Waiting: rehearsal is at its usage limit until ");
  await says(next, `holdfast turn queue ${id} --resume`);
  const second = house.start(["run", "-s", id, "SAY later still"]);
  await says(second, "Waiting: rehearsal is at its usage limit until ");
  expect((await house.run(["turn", "continue", id])).stdout).toMatch(/^trn_/);
  expect((await house.run(["session", "after-limit", id, "2"])).code).toBe(0);
  expect((await house.run(["session", "after-limit", id, "11"])).code).toBe(2);
  expect((await house.run(["session", "list"])).stdout).toMatch(
    new RegExp(`${id}.*failed, queued, limited for (1 h 0|[45]\\d) min`),
  );
  const shown = (await house.run(["session", "show", id])).stdout;
  expect(shown).toMatch(/usage limit +rehearsal, until .*goes on by itself, 2 times at most/);
  expect((await house.run(["agents"])).stdout).toContain(`told by session ${id}`);
  expect((await house.run(["status"])).stdout).toMatch(/usage limit +rehearsal, until .*, for [15]/);
  const other = await client().createSession({ directory: place("told"), agent: "rehearsal" });
  const attached = house.start(["attach", other.id], { isStdinOpen: true });
  await says(attached, `as session ${id} was told.`);
  attached.child.stdin?.end();
  await attached.ended;
  const own = house.start(["attach", id], { isStdinOpen: true });
  await says(own, "waiting: rehearsal is at its usage limit until ");
  const resumed = await house.run(["turn", "queue", id, "--resume"]);
  expect(resumed.stderr).toContain("What waited for the usage limit of rehearsal is sent now.");
  expect(await next.ended).toMatchObject({ code: 0, stdout: "later\n" });
  expect(await second.ended).toMatchObject({ code: 0, stdout: "later still\n" });
  expect((await house.run(["turn", "queue", id, "--resume"])).stderr).toContain("Nothing held the queue.");
  own.child.stdin?.end();
  await own.ended;
});

describe("[I-6, I-11] a token that is replaced under a command", () => {
  test("[I-6, I-11] one that can read the new one goes on; one that cannot says so, and exits 8", async () => {
    const token = readFileSync(join(house.dataDirectory, "token"), "utf8").trim();
    const busy = await busySession(place("renewed"));
    const others = { env: { HOLDFAST_TOKEN: token } };
    const run = house.start(["run", "-s", busy.id, "SAY after"]);
    const attached = house.start(["attach", busy.id], { isStdinOpen: true });
    const events = house.start(["events", busy.id, "--follow"]);
    const byHand = house.start(["attach", busy.id], {
      isStdinOpen: true,
      env: { HOLDFAST_URL: server.url },
    });
    const locked = house.start(["run", "-s", busy.id, "--output", "stream-json", "SAY locked"], others);
    const watching = house.start(["attach", busy.id], { ...others, isStdinOpen: true });
    for (const waiting of [run, locked]) await says(waiting, "Waiting:");
    for (const follower of [attached, byHand, watching])
      await vi.waitFor(() => expect(follower.stdout()).toContain("> HANG"), { timeout: PATIENCE_MS });

    await client().rotateToken();
    for (const shut of [locked, watching]) {
      const { code, stderr } = await shut.ended;
      expect(code).toBe(8);
      expect(stderr).toContain("was replaced");
    }
    expect((await locked.ended).stderr).toContain(`holdfast session show ${busy.id}`);
    expect((await locked.ended).stdout.trim().split("\n").at(-1)).toContain('"exitCode":8');

    await busy.stop();
    await says(run, "is paused");
    await client().resumeQueue(busy.id);
    expect(await run.ended).toMatchObject({ code: 0, stdout: "after\n" });
    for (const follower of [attached, byHand]) {
      await vi.waitFor(() => expect(follower.stdout()).toContain("after\n"), { timeout: PATIENCE_MS });
      follower.child.stdin?.end();
      await follower.ended;
      expect(follower.stderr()).not.toContain("token");
    }
    await vi.waitFor(() => expect(events.stdout()).toContain("SAY after"), { timeout: PATIENCE_MS });
    events.child.kill("SIGINT");
    expect((await events.ended).code).toBe(130);
  });
});
