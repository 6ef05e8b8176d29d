import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AGENT_TEXTS, MAX_STEPS_TEXT } from "./agents.ts";
import {
  ALL_CHARACTERS,
  FILE_CHARACTERS,
  type InstructionSources,
  loadInstructions,
  nearerInstructions,
} from "./instructions.ts";
import { instructionSources } from "./sources.ts";
import { systemPrompt } from "./system-prompt.ts";

/** Files by their paths, pages by their addresses; a pattern fits the files that end with it. */
function sourcesOf(files: Record<string, string>): InstructionSources {
  const read = (name: string) =>
    files[name] === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(files[name]);
  return {
    readText: read,
    fetchText: read,
    glob: (pattern, directory) =>
      Promise.resolve(Object.keys(files).filter((path) => path === join(directory, pattern))),
  };
}

/** Of a turn that nobody cancels. */
const going = new AbortController().signal;

const PLACE = { directory: "/w/a/b", root: "/w", home: "/home/u", global: [], configured: [] };
const fromOf = (found: readonly { from: string }[]) => found.map(({ from }) => from);

describe("[R-14.8] instructions of files", () => {
  test.each<[string, Record<string, string>, string[]]>([
    [
      "those on the way up, the top first",
      { "/w/AGENTS.md": "1", "/w/a/b/AGENTS.md": "2" },
      ["/w/AGENTS.md", "/w/a/b/AGENTS.md"],
    ],
    [
      "the first name that is found anywhere",
      { "/w/AGENTS.md": "1", "/w/a/b/CLAUDE.md": "2" },
      ["/w/AGENTS.md"],
    ],
    ["CLAUDE.md, where there is no AGENTS.md", { "/w/a/CLAUDE.md": "1" }, ["/w/a/CLAUDE.md"]],
    ["not those above the top", { "/AGENTS.md": "1" }, []],
    ["not empty ones", { "/w/AGENTS.md": " \n" }, []],
  ])("%s", async (_, files, expected) => {
    expect(fromOf(await loadInstructions(PLACE, sourcesOf(files), going))).toEqual(expected);
  });

  test("one file of the user's own, the first that is there", async () => {
    const files = { "/home/u/b.md": "1", "/home/u/c.md": "2" };
    const global = ["/home/u/a.md", "/home/u/b.md", "/home/u/c.md"];
    expect(fromOf(await loadInstructions({ ...PLACE, global }, sourcesOf(files), going))).toEqual([
      "/home/u/b.md",
    ]);
  });

  test("what the configuration names: upward, absolute, at home and on the web; what fails is left out", async () => {
    const files = {
      "/w/docs/rules.md": "1",
      "/etc/rules.md": "2",
      "/home/u/mine.md": "3",
      "https://x.test/r": "4",
    };
    const configured = [
      "docs/rules.md",
      "/etc/rules.md",
      "~/mine.md",
      "https://x.test/r",
      "https://x.test/none",
      "no.md",
    ];
    const found = await loadInstructions({ ...PLACE, configured }, sourcesOf(files), going);
    expect(fromOf(found)).toEqual(Object.keys(files));
  });

  test("a page that is waited for when the turn is cancelled is left out at once", async () => {
    const cancelled = new AbortController();
    const sources: InstructionSources = {
      ...sourcesOf({ "/w/AGENTS.md": "1" }),
      fetchText: (_url, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
          cancelled.abort();
        }),
    };
    const configured = ["https://x.test/slow"];
    const found = await loadInstructions({ ...PLACE, configured }, sources, cancelled.signal);
    expect(fromOf(found)).toEqual(["/w/AGENTS.md"]);
  });

  test("each once, and no more than there is room for", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`/w/${index}.md`, "x".repeat(FILE_CHARACTERS + 1)]),
    );
    const configured = ["0.md", ...Object.keys(files)];
    const found = await loadInstructions({ ...PLACE, configured }, sourcesOf(files), going);
    expect(found).toHaveLength(ALL_CHARACTERS / FILE_CHARACTERS);
    expect(found[0]?.text).toMatch(/^x+\n\[The rest is left out\.\]$/);
  });

  test("a place outside of the project has its own directory alone", async () => {
    const files = { "/AGENTS.md": "1", "/elsewhere/AGENTS.md": "2" };
    const place = { ...PLACE, directory: "/elsewhere" };
    expect(fromOf(await loadInstructions(place, sourcesOf(files), going))).toEqual(["/elsewhere/AGENTS.md"]);
  });
});

describe("[R-14.8] instructions nearer to a file that is read", () => {
  const files = {
    "/w/AGENTS.md": "1",
    "/w/a/b/AGENTS.md": "2",
    "/w/a/b/c/CLAUDE.md": "3",
    "/w/a/b/c/d/AGENTS.md": "4",
    "/w/z/AGENTS.md": "5",
  };
  const nearer = async (file: string, known: string[] = []) =>
    fromOf(
      await nearerInstructions(
        file,
        { directory: "/w/a/b", root: "/w", known: new Set(known) },
        sourcesOf(files),
      ),
    );

  test("those between it and the session's directory, the outer first", async () => {
    expect(await nearer("/w/a/b/c/d/e/x.ts")).toEqual(["/w/a/b/c/CLAUDE.md", "/w/a/b/c/d/AGENTS.md"]);
    expect(await nearer("/w/a/b/x.ts")).toEqual([]);
  });

  test("those of another part of the project, none outside, and none twice", async () => {
    expect(await nearer("/w/z/x.ts")).toEqual(["/w/z/AGENTS.md"]);
    expect(await nearer("/v/x.ts")).toEqual([]);
    expect(await nearer("/w/a/b/c/x.ts", ["/w/a/b/c/CLAUDE.md"])).toEqual([]);
  });
});

describe("[R-14.8] what this machine and pages say", () => {
  let directory = "";
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/ok" ? 200 : 404;
    response.end("of the page");
  });
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "instructions-"));
    await mkdir(join(directory, "docs"));
    await writeFile(join(directory, "docs", "a.md"), "of the file");
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
  });
  afterAll(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  test("a link out of the project is not read, one inside of it is, and a pipe holds nobody", async () => {
    const root = join(directory, "project");
    const [inside, linked, piped] = ["inside", "linked", "piped"].map((name) => join(root, name));
    for (const place of [inside, linked, piped]) await mkdir(place ?? "", { recursive: true });
    await writeFile(join(directory, "secret"), "a key");
    await writeFile(join(root, "rules.md"), "be kind");
    await symlink(join(root, "rules.md"), join(inside ?? "", "AGENTS.md"));
    await symlink(join(directory, "secret"), join(linked ?? "", "AGENTS.md"));
    execFileSync("mkfifo", [join(piped ?? "", "AGENTS.md")]);
    const place = { root, home: root, global: [], configured: [] };
    const textsIn = async (from = "") =>
      (await loadInstructions({ ...place, directory: from }, instructionSources, going)).map(
        ({ text }) => text,
      );
    expect(await textsIn(inside)).toEqual(["be kind"]);
    expect(await textsIn(linked)).toEqual([]);
    expect(await textsIn(piped)).toEqual([]);
  });

  test("files, patterns and pages are read; a directory and a refusal are not", async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const place = { directory, root: directory, home: directory, global: [] };
    const configured = ["docs/*.md", "docs", `${url}/ok`, `${url}/none`];
    const found = await loadInstructions({ ...place, configured }, instructionSources, going);
    expect(found).toEqual([
      { from: join(directory, "docs", "a.md"), text: "of the file" },
      { from: `${url}/ok`, text: "of the page" },
    ]);
  });
});

describe("[A-26] what the agents are told", () => {
  const given = {
    directory: "/w/a",
    root: "/w",
    isGit: true,
    platform: "linux",
    today: "2026-11-30",
    modelId: "m",
    instructions: [{ from: "/w/AGENTS.md", text: "Be kind.\n" }],
  };

  test("each who it is, where it is, and what the project and the user want", () => {
    const prompt = systemPrompt({ ...given, agent: "build", system: "Speak Latin." });
    expect(prompt.startsWith(AGENT_TEXTS.build)).toBe(true);
    expect(prompt).toContain("Directory: /w/a\nTop of the project: /w\nGit repository: yes");
    expect(prompt).toContain('<instructions from="/w/AGENTS.md">\nBe kind.\n</instructions>\n\nSpeak Latin.');
    expect(prompt).not.toContain("StructuredOutput");
    expect(systemPrompt({ ...given, agent: "build", isStructured: true })).toContain("StructuredOutput");
  });

  test("that who plans and who explores changes nothing, in few words", () => {
    for (const agent of ["plan", "explore"] as const) expect(AGENT_TEXTS[agent]).toMatch(/change nothing/);
    for (const words of [...Object.values(AGENT_TEXTS), MAX_STEPS_TEXT])
      expect(words.length).toBeLessThan(4_000);
  });
});
