import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "@holdfast/kernel";
import { agentSchema, type BackendKind, FEATURES, type Features } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProcessRows } from "../../../test/process/process-rows.ts";
import { KIND_FEATURES } from "../kind-features.ts";
import { createCatalog, knownFeatures, type Catalog, type CatalogDeps } from "./catalog.ts";
import { findProgram } from "./find-program.ts";
import { versionIn } from "./version-probe.ts";

let root: string;
let bin: string;
let rows: ProcessRows;
let catalogs: Catalog[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "holdfast-catalog-"));
  bin = path.join(root, "bin");
  mkdirSync(bin);
  rows = new ProcessRows();
  catalogs = [];
});
afterEach(async () => {
  await Promise.all(catalogs.map((each) => each.close()));
  rmSync(root, { recursive: true, force: true });
});

function catalog(over: Partial<CatalogDeps> = {}): Catalog {
  const made = createCatalog({
    agents: {},
    rehearsal: [process.execPath, rehearsalBin],
    environment: { PATH: `relative::${bin}:/bin:/usr/bin` },
    temporaryRoot: root,
    store: rows,
    clock: systemClock,
    ...over,
  });
  catalogs.push(made);
  return made;
}

/** A program that writes down each time it is run. */
function program(name: string, says: string): string {
  const file = path.join(bin, name);
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${root}/runs\n${says}\n`);
  chmodSync(file, 0o755);
  return file;
}

const runs = (): string[] => {
  try {
    return readFileSync(path.join(root, "runs"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};

const features = (value: "yes" | "no" | "unknown"): Features =>
  Object.fromEntries(FEATURES.map((name) => [name, value])) as Features;

/** Of an agent that was never run, only what its kind cannot do is known. */
const unseen = (kind: BackendKind): Features => ({ ...features("unknown"), ...KIND_FEATURES[kind] });

describe("createCatalog", () => {
  test("[A-3] known programs are found by path without being run, and missing ones say how to install them", async () => {
    program("goose", "echo goose 1.52.0");
    const agents = await catalog().list();
    expect(agents.map(({ id, available }) => [id, available])).toEqual([
      ["rehearsal", true],
      ["opencode", false],
      ["opencode-acp", false],
      ["goose", true],
      ["qwen", false],
      ["gemini", false],
      ["claude", false],
      ["codex", false],
    ]);
    for (const agent of agents) {
      expect(() => agentSchema.parse(agent)).not.toThrow();
      expect(agent.features).toEqual(unseen(agent.backend));
      expect(agent.version).toBeUndefined();
    }
    expect(agents[4]).toMatchObject({
      reason: expect.stringContaining("qwen") as unknown,
      install: expect.any(String) as unknown,
      recorded: {
        version: expect.any(String) as unknown,
        features: expect.arrayContaining(["load"]) as unknown,
      },
    });
    // What a program was seen to do is no claim on what another version of it does.
    expect(agents.find(({ id }) => id === "codex")).toMatchObject({
      reason: "The program codex-acp was not found.",
      approvalModes: ["all", "readOnly"],
      recorded: { version: "2.6.0" },
    });
  });

  test("[A-3] the version is asked once per file, in the background", async () => {
    program("goose", "echo 'goose 1.52.0 (build 7)'");
    const made = catalog();
    await Promise.all([made.list(), made.list(), made.find("goose")]);
    await made.settled();
    expect((await made.find("goose"))?.version).toBe("1.52.0");
    expect((await made.find("rehearsal"))?.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(runs()).toEqual(["--version"]);
    program("goose", "echo goose 1.53.0 # a longer file");
    await made.find("goose");
    await made.settled();
    expect((await made.find("goose"))?.version).toBe("1.53.0");
    expect(runs()).toEqual(["--version", "--version"]);
  });

  test("[A-3] a program that could not say its version is asked again after a while, one that did is not", async () => {
    let later = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later };
    const file = program("goose", "test -e $0.ready && echo goose 1.52.0");
    const made = catalog({ clock });
    const look = async () => {
      await made.find("goose");
      await made.settled();
      return (await made.find("goose"))?.version;
    };
    expect(await look()).toBeUndefined();
    writeFileSync(`${file}.ready`, "");
    expect([await look(), runs().length]).toEqual([undefined, 1]);
    later = 600_000;
    expect([await look(), runs().length]).toEqual(["1.52.0", 2]);
    later = 1_200_000;
    expect([await look(), runs().length]).toEqual(["1.52.0", 2]);
  });

  test("[A-3] a program that never answers is ended with the catalog", async () => {
    program("goose", "sleep 600");
    const made = catalog();
    await made.find("goose");
    await made.close();
    expect((await made.find("goose"))?.version).toBeUndefined();
  });

  test("[A-3] features are what was learnt, kept by the store, and unknown again for another version", async () => {
    program("goose", "echo goose 1.52.0");
    const made = catalog();
    await made.learn("goose", { version: "1.52.0", features: { ...features("yes"), steer: "no" } });
    await made.find("goose");
    await made.settled();
    const later = catalog();
    expect((await later.find("goose"))?.features.load).toBe("yes");
    program("goose", "echo goose 2.0.0 # a longer file");
    await later.find("goose");
    await later.settled();
    expect((await later.find("goose"))?.features).toEqual(unseen("acp"));
  });

  test("[A-3] a bit that could not be seen this time stays as it was", async () => {
    const made = catalog();
    await made.learn("rehearsal", { version: "1", features: { ...features("yes") } });
    await made.learn("rehearsal", { version: "1", features: { ...features("no"), modes: "unknown" } });
    expect(rows.facts.get("rehearsal")?.features).toEqual({ ...features("no"), modes: "yes" });
  });

  test("[A-3] the user's own agents stand beside the known ones; one with a known id stands for it", async () => {
    const mine = program("mine", "echo 9.9.9");
    const made = catalog({
      agents: {
        mine: { backend: "acp", command: [mine, "--acp"], env: { KEY: "v" }, name: "Mine" },
        qwen: { backend: "acp", command: ["mine", "--qwen"] },
      },
    });
    expect((await made.list()).map(({ id, name, available }) => [id, name, available])).toEqual([
      ["rehearsal", "Rehearsal", true],
      ["opencode", "opencode", false],
      ["opencode-acp", "opencode over ACP", false],
      ["goose", "Goose", false],
      ["qwen", "Qwen Code", true],
      ["gemini", "Gemini CLI", false],
      ["claude", "Claude Code", false],
      ["codex", "Codex", false],
      ["mine", "Mine", true],
    ]);
    expect(await made.definition("mine")).toMatchObject({
      argv: [mine, "--acp"],
      environment: { inherit: "user", set: { KEY: "v" } },
      quirks: { modes: "guess" },
    });
    expect(await made.definition("qwen")).toMatchObject({
      argv: [mine, "--qwen"],
      quirks: { modes: { ask: "default" } },
    });
    await made.settled();
    expect(runs()).toEqual([]);
  });

  test("[A-3] what does not exist has no definition", async () => {
    expect(await catalog().definition("nobody")).toBeUndefined();
    expect(await catalog().definition("qwen")).toBeUndefined();
    expect(await catalog().find("nobody")).toBeUndefined();
  });

  test("[A-10] opencode over ACP is started with a fresh password each time, and asks by its environment", async () => {
    const own = program("opencode", "echo 1.18.33");
    const made = catalog({
      agents: { "opencode-acp": { backend: "acp", command: [own, "acp"], env: { KEY: "v" } } },
    });
    const [one, other] = [await made.definition("opencode-acp"), await made.definition("opencode-acp")];
    const [password, next] = [one, other].map((each) => each?.environment.set?.["OPENCODE_SERVER_PASSWORD"]);
    expect(password).toMatch(/^[0-9a-f]{64}$/);
    expect(next).not.toBe(password);
    expect(one?.environment.set).toMatchObject({ KEY: "v" });
    expect(JSON.parse(one?.environment.set?.["OPENCODE_PERMISSION"] ?? "")).toMatchObject({ "*": "ask" });
    expect(await made.definition("opencode")).toMatchObject({ backend: "opencode", argv: [own] });
  });

  test("[A-14] only of read-only sessions a record says that nothing can be written, and of unknown agents none does", () => {
    const made = catalog({ agents: { mine: { backend: "acp", command: ["/bin/cat"] } } });
    const said = ["rehearsal", "qwen", "goose", "opencode", "mine", "nobody"].map(
      (id) => made.record(id)?.cannotWrite ?? [],
    );
    expect(said).toEqual([["readOnly"], ["readOnly"], [], [], [], []]);
  });

  test("[A-20] an agent without modes says that it acts without asking", async () => {
    const made = catalog({ agents: { mine: { backend: "acp", command: ["/bin/cat"] } } });
    await made.learn("mine", { version: undefined, features: features("no") });
    expect(await made.find("mine")).toMatchObject({ approvalModes: ["all"], reason: "acts without asking" });
  });
});

describe("findProgram", () => {
  test("[A-3] only executable files in absolute places count, and links lead to the real file", async () => {
    const real = program("real", "true");
    symlinkSync(real, path.join(bin, "link"));
    writeFileSync(path.join(bin, "text"), "no program");
    mkdirSync(path.join(bin, "folder"));
    expect(await findProgram("link", bin)).toMatchObject({ path: path.join(bin, "link"), realPath: real });
    expect(await findProgram(real, "")).toMatchObject({ path: real });
    for (const name of ["text", "folder", "absent", "./real", "../bin/real"]) {
      expect([name, await findProgram(name, `${bin}:.`)]).toEqual([name, undefined]);
    }
  });
});

describe("what is known of a version", () => {
  test.each([
    ["goose 1.52.0", "1.52.0"],
    ["0.24.4\n", "0.24.4"],
    ["v2.1", "2.1"],
    ["Program 3.0.0-beta.2+build.7 (linux)", "3.0.0-beta.2+build.7"],
    ["banner\nversion: 1.2.3.\n", "1.2.3"],
    ["no version here", undefined],
    ["", undefined],
    [`1.${"9".repeat(100)}`, `1.${"9".repeat(62)}`],
  ])("[A-3] %j says %s", (output, version) => {
    expect(versionIn(output)).toBe(version);
  });

  test.each([
    [undefined, undefined, "unknown"],
    [undefined, "1.0", "unknown"],
    ["1.0", undefined, "yes"],
    ["1.0", "1.0", "yes"],
    ["1.0", "1.1", "unknown"],
  ] as const)("[A-3] learnt of %s, the program says %s: %s", (learnt, said, load) => {
    const facts =
      learnt === undefined ? undefined : { agent: "a", version: learnt, features: features("yes") };
    expect(knownFeatures(facts, said).load).toBe(load);
  });
});
