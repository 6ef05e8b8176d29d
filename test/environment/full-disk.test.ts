import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import type { SessionId, Turn } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { createRestTransport } from "../../packages/server/src/outbox/index.ts";
import { DistantPublisher } from "../../packages/share/test/served.ts";
import { KEY, session as titled, world } from "../../packages/share/test/share-fixture.ts";
import {
  HOLDFAST,
  type HoldfastProcess,
  launchHoldfast,
  startHoldfast,
  startShareService,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { buildPreload } from "./preload.ts";
import { ended, say, sessionOn } from "./session-work.ts";

/** More than a row holds (D-28), so that it goes into a file. */
const LARGE = `data:image/png;base64,${Buffer.alloc(100_000, 7).toString("base64")}`;

type Trouble = "ENOSPC" | "EDQUOT" | "EROFS" | "EIO" | "EMFILE";

async function withBadFiles(name: string) {
  const root = await temporaryDirectory(name);
  const signs = join(root.path, "signs");
  await mkdir(signs);
  const environment = { LD_PRELOAD: buildPreload("bad-disk", root.path), BAD_DISK: signs };
  const server = await startHoldfast({ root: root.path, environment });
  const sign = join(signs, "beside");
  return {
    server,
    again: () => startHoldfast({ root: root.path, environment }),
    refuse: (trouble: Trouble) => writeFile(sign, String(constants.errno[trouble])),
    recover: () => rm(sign, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await rm(sign, { force: true });
      await server[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

async function repository(server: HoldfastProcess): Promise<string> {
  const directory = join(server.root, "repository");
  await mkdir(directory);
  await writeFile(join(directory, "a.txt"), "a\n");
  const who = ["-c", "user.name=User", "-c", "user.email=user@localhost"];
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  for (const args of [
    ["init", "-q"],
    ["add", "."],
    [...who, "commit", "-qm", "base"],
  ])
    execFileSync("git", args, { cwd: directory, env });
  return directory;
}

const ask = (server: HoldfastProcess, method: string, path: string, key: string, body?: unknown) =>
  server.fetch(path, {
    method,
    headers: { "content-type": "application/json", "idempotency-key": key },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const imageFor = (sessionId: SessionId) => ({
  path: `/api/sessions/${sessionId}/inputs`,
  body: {
    parts: [
      { type: "file", mime: "image/png", url: LARGE },
      { type: "text", text: "SAY seen" },
    ],
  },
});

/** The turn while it shows that it waits for storage. */
const waiting = (server: HoldfastProcess, turnId: string): Promise<Turn> =>
  until("the turn to say that it waits", async () => {
    const turn = await server.client.getTurn(turnId);
    return turn.waitingFor?.kind === "storage" || turn.time.ended !== undefined ? turn : undefined;
  });

const storage = { status: 503, body: { code: "STORAGE_UNAVAILABLE" }, retries: true };

async function answerOf(response: Response) {
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    retries: Number(response.headers.get("retry-after")) > 0,
  };
}

describe("a bad disk beside the database", () => {
  test("[D-34] requests that need a file get 503 and advice, leave nothing behind, and pass when repeated with room", async () => {
    await using bad = await withBadFiles("bad-files");
    const { server } = bad;
    const session = await sessionOn(server);
    const directory = await repository(server);
    const image = imageFor(session.id);
    const worktree = { directory, agent: "rehearsal", worktree: true };
    const dirty = { ...worktree, worktreeBase: "dirty" };
    for (const trouble of ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE"] as const) {
      await bad.refuse(trouble);
      for (const [path, body, key] of [
        [image.path, image.body, "image"],
        ["/api/sessions", worktree, "worktree"],
        ["/api/sessions", dirty, "dirty"],
        ["/api/auth/rotate", {}, "rotate"],
      ] as const) {
        const answer = await answerOf(await ask(server, "POST", path, key, body));
        expect(answer, `${trouble} ${key}: ${JSON.stringify(answer)}`).toMatchObject(storage);
      }
      await bad.recover();
    }
    const admitted = await answerOf(await ask(server, "POST", image.path, "image", image.body));
    expect(admitted.status).toBe(202);
    for (const [key, body] of [
      ["worktree", worktree],
      ["dirty", dirty],
    ] as const)
      expect((await ask(server, "POST", "/api/sessions", key, body)).status, key).toBe(201);
    expect(await server.stop()).toBe(0);
    await using next = await bad.again();
    const worktrees = (await next.client.listWorktrees()).items;
    expect(worktrees.map(({ state }) => state)).toEqual(["active", "active"]);
    const { integrity, drift } = await next.client.diagnostics();
    expect([...integrity, ...drift]).toEqual([]);
  });

  test("[D-34] a running turn waits, says so, and goes on with everything when there is room", async () => {
    await using bad = await withBadFiles("bad-files");
    const { server } = bad;
    const session = await sessionOn(server);
    await ended(server, (await say(server, session.id, "SAY before")).turn.id);
    for (const [trouble, bytes] of [
      ["ENOSPC", 3_000_000],
      ["EROFS", 3_000_001],
    ] as const) {
      await bad.refuse(trouble);
      const { turn } = await say(server, session.id, `OUTPUT ${bytes}`);
      expect(await waiting(server, turn.id), trouble).toMatchObject({
        state: "running",
        waitingFor: { kind: "storage" },
      });
      await bad.recover();
      const done = await ended(server, turn.id);
      expect(done).toMatchObject({ state: "completed" });
      expect(done.waitingFor).toBeUndefined();
      const { items } = await server.client.listMessages(session.id);
      const tool = items.flatMap(({ parts }) => parts).findLast((part) => part.type === "tool");
      const hash =
        tool?.type === "tool" && "truncated" in tool.state ? tool.state.truncated?.hash : undefined;
      const whole = await server.fetch(`/api/sessions/${session.id}/blobs/${hash}`);
      expect((await whole.arrayBuffer()).byteLength).toBe(bytes);
    }
  });

  test.runIf(isWhole)(
    "[D-34, W-5] a turn whose agent has to be started waits for room; its files are known afterwards",
    async () => {
      await using bad = await withBadFiles("bad-files");
      const { server } = bad;
      const session = await sessionOn(server);
      await bad.refuse("ENOSPC");
      const { turn } = await say(server, session.id, "WRITE made.txt by the agent");
      expect(await waiting(server, turn.id)).toMatchObject({
        state: "running",
        waitingFor: { kind: "storage" },
      });
      await bad.recover();
      expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
      expect(await readFile(join(server.project, "made.txt"), "utf8")).toContain("by the agent");
      const changes = await server.client.listChanges(session.workspaceId);
      expect(changes.items.map(({ path }) => path)).toEqual(["made.txt"]);
    },
  );

  test.runIf(isWhole)(
    "[D-34, I-12] the command line and a start say what the disk refused, leave no half files, and work with room",
    async () => {
      await using root = await temporaryDirectory("bad-files");
      const signs = join(root.path, "signs");
      await mkdir(signs);
      const preload = { LD_PRELOAD: buildPreload("bad-disk", root.path), BAD_DISK: signs };
      const data = join(root.path, "data");
      await mkdir(data);
      const env = { PATH: process.env["PATH"], HOME: root.path, HOLDFAST_DATA_DIR: data, ...preload };
      const run = (...args: string[]) =>
        new Promise<{ code: number | null; stderr: string }>((resolve) => {
          const child = execFile(process.execPath, [HOLDFAST, ...args], { env }, (_error, _stdout, stderr) =>
            resolve({ code: child.exitCode, stderr }),
          );
        });
      const config = join(root.path, ".config", "holdfast");
      await mkdir(config, { recursive: true });
      const commands = [
        ["config", "init"],
        ["config", "set", "port", "0"],
        ["token", "rotate"],
      ];
      for (const trouble of [constants.errno.ENOSPC, constants.errno.EROFS]) {
        await writeFile(join(signs, "beside"), String(trouble));
        for (const args of commands) {
          const { code, stderr } = await run(...args);
          expect({ args, code, stderr }).toMatchObject({ args, code: 1 });
          expect(stderr).toMatch(/^holdfast: E\w+: [^\n]+\n$/);
        }
        const server = await launchHoldfast({ root: root.path, environment: preload });
        let said = "";
        server.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
        await once(server, "close");
        expect(server.exitCode, said).toBe(1);
        expect(said).toMatch(/^holdfast: (?:Files|The store) cannot (?:be written|write) now: [^\n]+\n$/m);
        expect(said).not.toMatch(/\n\s+at /);
        expect(await readdir(config)).toEqual([]);
        expect((await readdir(data)).filter((name) => name.startsWith("token"))).toEqual([]);
      }
      await rm(join(signs, "beside"));
      for (const args of commands) expect(await run(...args)).toMatchObject({ code: 0 });
    },
  );
});

describe("a bad disk under a share service", () => {
  test("[D-34, S-7, S-9] what cannot be stored is a 503 with advice, nothing is half there, and the same passes when there is room", async () => {
    await using root = await temporaryDirectory("bad-shares");
    const signs = join(root.path, "signs");
    await mkdir(signs);
    const environment = { LD_PRELOAD: buildPreload("bad-disk", root.path), BAD_DISK: signs };
    await using service = await startShareService(join(root.path, "shares"), KEY, [], environment);
    const publisher = new DistantPublisher(world(), createRestTransport(service.url, systemClock));
    await publisher.started(titled());
    const bytes = Buffer.from("a content");
    const hash = createHash("sha256").update(bytes).digest("hex");
    const path = `${service.url}/api/shares/${publisher.shareId}`;
    const authorization = `Bearer ${publisher.append.secret}`;
    const put = () =>
      fetch(`${path}/blobs/${hash}`, { method: "PUT", headers: { authorization }, body: bytes });
    const batch = publisher.freeze([titled("one"), titled("two")]);
    const send = () =>
      fetch(`${path}/ops`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(batch),
      });
    const place = async () => (await publisher.call("hello", {})).live;
    const before = await place();
    await writeFile(join(signs, "full"), "");
    for (let tries = 0; tries < 2; tries += 1)
      expect(await answerOf(await send()), "ENOSPC").toMatchObject(storage);
    expect((await fetch(`${service.url}/api/health`)).status).toBe(200);
    await rm(join(signs, "full"));
    expect(await place()).toEqual(before);
    for (const trouble of ["ENOSPC", "EROFS", "EIO"] as const) {
      await writeFile(join(signs, "beside"), String(constants.errno[trouble]));
      expect(await answerOf(await put()), trouble).toMatchObject(storage);
      await rm(join(signs, "beside"));
    }
    const answer = (await (await send()).json()) as object;
    expect(answer).toMatchObject({ cursor: (before?.cursor ?? 0) + 2, applied: 2, duplicates: 0 });
    expect((await put()).status).toBe(204);
    expect(service.isAlive()).toBe(true);
    expect(service.log()).not.toContain("\n    at ");
    expect(await service.stop()).toBe(0);
  });
});
