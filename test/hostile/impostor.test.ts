import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { IMPOSTOR_CASES, secretsIn } from "./impostor-cases.ts";
import { actsAgainst, misledDirectory, startCommand, startImpostor } from "./impostor.ts";

const NOWHERE = "http://127.0.0.1:9";
/** How long a command may take on a busy machine before the test says so, in ms. */
const PATIENCE_MS = 120_000;

describe("[I-6] a program that has the server's port gets no secret", () => {
  test("[I-6] whatever it answers, and whatever command asks it", async () => {
    await using root = await temporaryDirectory("impostor");
    await using server = await startHoldfast({ root: root.path });
    const { id } = await server.client.createSession({ directory: server.project, agent: "rehearsal" });
    // `npm run hostile` does them all.
    const cases = IMPOSTOR_CASES.filter(({ name }) => /yes|passes|replays|token|never/.test(name));
    const verdicts = await Promise.all(
      cases.map(async ({ name, run }) => [name, await run({ server, sessionId: id })] as const),
    );
    expect(verdicts.length).toBe(5);
    expect(verdicts.filter(([, { isFine }]) => !isFine)).toEqual([]);

    const act = actsAgainst(server, NOWHERE)["says yes to everything"];
    await using impostor = await startImpostor(act ?? (() => undefined));
    const data = await misledDirectory(server, root.path, impostor.url);
    const proxy = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: impostor.url, http_proxy: impostor.url };
    const codes = await Promise.all(
      [
        ["session", "list"],
        ["run", "SAY hello"],
        ["attach", id],
        ["token", "rotate"],
        ["doctor"],
        ["__complete", "sessions"],
      ].map(async (args) => [args[0], (await startCommand(data, args, proxy).ended).code]),
    );
    expect(secretsIn(impostor.heard(), server)).toEqual([]);
    expect(codes.filter(([, code]) => code === 0)).toEqual([]);
    expect(await readFile(join(data, "token"), "utf8")).toContain(server.token);
    // The server itself is asked by no proxy either.
    const straight = await startCommand(join(root.path, "data"), ["session", "list"], proxy).ended;
    expect(straight.stdout).toContain(id);
    expect(secretsIn(impostor.heard(), server)).toEqual([]);
  });

  test.runIf(isWhole)(
    "[I-6] neither after a kill, nor in the middle of a run, which goes on where the server lives again",
    async () => {
      await using root = await temporaryDirectory("impostor");
      const first = await startHoldfast({ root: root.path });
      const data = join(root.path, "data");
      const port = Number(new URL(first.url).port);
      const run = startCommand(data, ["run", "-C", first.project, "-a", "rehearsal", "SLOW 100000 2"]);
      await until("the turn's first words", () => run.ran.stdout.includes("w5 "), PATIENCE_MS);
      // Where processes cannot be told apart, the pid of the dead server may be somebody else's.
      const { items } = await first.client.listSessions();
      const blind = await misledDirectory(first, root.path, first.url);
      const file = JSON.parse(await readFile(join(blind, "server.json"), "utf8")) as object;
      const { processStart: _start, ...rest } = { processStart: "", ...file };
      await writeFile(join(blind, "server.json"), JSON.stringify({ ...rest, pid: process.pid }));
      const events = startCommand(blind, ["events", items[0]?.id ?? "", "--follow"]);
      await until("the first event", () => events.ran.stdout !== "", PATIENCE_MS);
      await first.kill();
      const act = actsAgainst(first, NOWHERE)["says yes to everything"] ?? (() => undefined);
      {
        await using impostor = await startImpostor(act, port);
        const listed = await startCommand(data, ["session", "list"]).ended;
        expect(listed.code).toBe(6);
        expect(listed.stderr).toContain("has ended");
        await until("the run's complaint", () => run.ran.stderr.includes("Connection lost"), PATIENCE_MS);
        // Whoever knows that the server is dead does not speak to the port at all; the other asks for a proof, and for nothing else.
        await until("the question for a proof", () => impostor.heard().includes("nonce="), PATIENCE_MS);
        await until("its answer", () => events.ran.stderr.includes("nothing secret"), PATIENCE_MS);
        events.child.kill("SIGINT");
        await events.ended;
        await using second = await startHoldfast({ root: root.path });
        expect(new URL(second.url).port).not.toBe(String(port));
        expect((await run.ended).stderr).toContain("interrupted");
        expect(secretsIn(impostor.heard(), first)).toEqual([]);
        expect(impostor.heard().match(/^[A-Z]+ \/(?!api\/auth\/proof).*$/gm)).toBeNull();
      }
    },
  );

  test("[I-6] a server named localhost is found at the one address it took", async () => {
    await using root = await temporaryDirectory("impostor");
    await using server = await startHoldfast({
      root: root.path,
      environment: { HOLDFAST_HOST: "localhost" },
    });
    expect(new URL(server.url).hostname).toMatch(/^(127\.0\.0\.1|\[::1\])$/);
    const other = createServer((socket) => void socket.destroy());
    const host = server.url.includes("[") ? "127.0.0.1" : "::1";
    let asked = 0;
    other.on("connection", () => (asked += 1));
    // Without IPv6 on this machine there is no other address to sit at.
    const isThere = await new Promise((resolve) => {
      other.once("error", () => resolve(false));
      other.listen(Number(new URL(server.url).port), host, () => resolve(true));
    });
    const listed = await startCommand(join(root.path, "data"), ["session", "list"]).ended;
    if (isThere) other.close();
    expect(listed.code).toBe(0);
    expect(asked).toBe(0);
  });
});
