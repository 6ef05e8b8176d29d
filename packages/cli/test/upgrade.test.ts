/** Newer versions: how one hears of them, what they do to a data directory, and how everything goes away. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { VERSION } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, expectRun, type Result } from "./command.ts";

const SHARE_TABLES = ["blob", "mask", "nonce", "task", "withheld", "sent", "operation", "batch", "dirty"];
const NO_SHARES = `DROP TABLE ref_day; DROP TABLE ref_audit; DROP TABLE ref; DROP TABLE comment; ALTER TABLE session DROP COLUMN capability_epoch;
  ${SHARE_TABLES.map((table) => `DROP TABLE share_${table};`).join(" ")} DROP TABLE share;
  ALTER TABLE session DROP COLUMN shared; ALTER TABLE workspace DROP COLUMN shared;`;

let house: ReturnType<typeof createHouse>;
let env: Record<string, string>;
beforeEach(() => {
  house = createHouse();
  env = { HOLDFAST_START_SERVER: "true" };
});
afterEach(async () => {
  await house.run(["stop", "--force"]);
  await house.close();
});
const run = (...args: string[]): Promise<Result> => house.run(args, { env });

describe("[I-27] upgrade", () => {
  /** An npm that writes down what it was asked, and ends as it is told. */
  const npm = (script: string) => {
    const bin = join(house.root, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "npm"), `#!/bin/sh\necho "$*" >>'${join(house.root, "asked")}'\n${script}\n`);
    chmodSync(join(bin, "npm"), 0o755);
    env["PATH"] = `${bin}${delimiter}${house.environment["PATH"] ?? ""}`;
  };
  const asked = () => existsSync(join(house.root, "asked"));

  test.each([
    ["99.0.0", `This is holdfast ${VERSION}; 99.0.0 is there.`],
    ["0.0.1", `This is holdfast ${VERSION}; npm's registry has nothing newer (0.0.1).`],
  ])(
    "[I-27] --check asks the user's npm, compares with %s, and says what to type",
    async (version, words) => {
      npm(`echo '"${version}"'`);
      const { code, stdout } = await run("upgrade", "--check");
      expect(stdout).toContain(`${words}\n\nTo upgrade:\n  npm install -g holdfast\n`);
      expect(code).toBe(0);
      expect(readFileSync(join(house.root, "asked"), "utf8")).toBe("view holdfast version --json --global\n");
      const { stdout: json } = await run("upgrade", "--check", "--json");
      expect(JSON.parse(json)).toMatchObject({ newest: version, isOlder: version === "99.0.0", copies: [] });
    },
  );

  test.runIf(isWhole)("[I-27] without --check nobody is asked", async () => {
    npm("exit 1");
    expectRun(await run("upgrade"), 0, "To go back:");
    expect(asked()).toBe(false);
  });

  test.runIf(isWhole)(
    "[I-27] an npm that is missing, offline or talks nonsense is a refusal: 6",
    async () => {
      npm(`echo 'npm error code ENOTFOUND' >&2; exit 1`);
      expectRun(await run("upgrade", "--check"), 6, "npm error code ENOTFOUND");
      writeFileSync(join(house.root, "bin", "npm"), "#!/bin/sh\necho hello\n");
      expectRun(await run("upgrade", "--check"), 6, "npm answered no version: hello");
      env["PATH"] = join(house.root, "nothing");
      const { code, stderr } = await run("upgrade", "--check");
      expect([code, stderr]).toEqual([
        6,
        "holdfast: npm could not tell the newest version: There is no npm on PATH.\n",
      ]);
    },
  );
});

describe("[D-33] a data directory of another version", () => {
  const database = () => join(house.dataDirectory, "holdfast.db");
  const alter = (sql: string) => {
    const opened = new DatabaseSync(database());
    const newest = Number(opened.prepare("SELECT max(version) AS it FROM holdfast_migration").get()?.["it"]);
    opened.exec(sql);
    opened.close();
    return newest;
  };
  const title = "From before";
  beforeEach(async () => {
    expectRun(await run("session", "new", "--title", title), 0, "ses_");
    await run("stop");
  });

  test("[D-33, I-27] an older one is brought up to date, with a copy kept that takes it back", async () => {
    const newest =
      alter(`${NO_SHARES} ALTER TABLE turn DROP COLUMN superseded; ALTER TABLE session DROP COLUMN mirrors; DROP INDEX session_suspended; ALTER TABLE session DROP COLUMN suspended; ALTER TABLE session DROP COLUMN limit_attempts;
      ALTER TABLE project DROP COLUMN mcp_servers; ALTER TABLE session DROP COLUMN mcp_servers; DROP TABLE question; ALTER TABLE operation DROP COLUMN instance; ALTER TABLE operation DROP COLUMN host;
      ALTER TABLE operation DROP COLUMN epoch; DELETE FROM holdfast_migration WHERE version > 2; PRAGMA user_version = 2`);
    expect(newest).toBeGreaterThan(2);
    expectRun(await run("session", "list"), 0, title);
    expectRun(await run("session", "new", "--title", "From after"), 0, "ses_");
    await run("stop");

    const { stdout } = await run("upgrade", "--json");
    const { copies, goBack } = JSON.parse(stdout) as { copies: unknown[]; goBack: string };
    expect(copies).toMatchObject([{ path: `${database()}.v2.copy`, schema: 2 }]);
    execFileSync("sh", ["-c", goBack]);
    expect(readdirSync(join(house.dataDirectory, "newer"))).toContain("holdfast.db");
    expect(alter("SELECT 1")).toBe(2);
    const listed = await run("session", "list");
    expectRun(listed, 0, title);
    expect(listed.stdout).not.toContain("From after");
  });

  test("[D-33] a newer one is refused in words, by the server and by whoever wanted to start it, and left as it is", async () => {
    const newest = alter(
      `INSERT INTO holdfast_migration VALUES (99, 'later', 'x', 0); PRAGMA user_version = 99`,
    );
    const before = readFileSync(database());
    const words = `holdfast.db has schema version 99, newer than the ${newest} this program knows; start the newer program.`;
    expectRun(await run("serve"), 1, `holdfast: ${words}`);
    expectRun(await run("session", "list"), 6, `The server did not start: ${words}`);
    expect(readFileSync(database()).equals(before)).toBe(true);
  });
});

test.runIf(isWhole)(
  "[I-27] uninstall tells what is where and what would remove it, and touches nothing",
  async () => {
    const worktrees = join(house.root, "work trees");
    mkdirSync(dirname(house.configFile), { recursive: true });
    writeFileSync(house.configFile, JSON.stringify({ worktreeDirectory: worktrees }));
    await run("session", "list");
    mkdirSync(join(worktrees, "one"), { recursive: true });
    writeFileSync(join(worktrees, "one", "file"), "x".repeat(1_000_000));
    await run("service", "install");
    const unit = join(house.root, "config/systemd/user/holdfast.service");

    const facts = JSON.parse((await run("uninstall", "--json")).stdout) as {
      running: boolean;
      places: { path: string; bytes: number }[];
      commands: string[];
    };
    expect(facts.running).toBe(true);
    const isLinux = process.platform === "linux";
    const paths = [house.dataDirectory, worktrees, house.configFile];
    if (isLinux) {
      paths.push(unit);
      expect(facts.commands.shift()).toBe("holdfast service remove");
    }
    expect(facts.places.map(({ path }) => path)).toEqual(paths);
    expect(facts.places[0]?.bytes).toBeGreaterThan(10_000);
    expect(facts.places[1]?.bytes).toBeGreaterThanOrEqual(1_000_000);
    expect(facts.commands).toEqual([
      "holdfast stop",
      "npm uninstall -g holdfast",
      `rm -r ${house.dataDirectory}`,
      `rm -r '${worktrees}'`,
      `rm ${house.configFile}`,
    ]);
    const { stdout } = await run("uninstall");
    expect(stdout).toMatch(/^ {2}1\.0 MB +\/.*work trees: worktrees, which may hold work/m);
    expectRun(await run("status"), 0, "ok at");
    for (const path of paths) expect(existsSync(path)).toBe(true);
  },
);
