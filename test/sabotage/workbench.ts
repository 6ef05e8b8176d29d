import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { SeededTree } from "../../scripts/test/seeded-tree.ts";
import { type Sabotage, sabotaged } from "./sabotage.ts";

const REPOSITORY = join(import.meta.dirname, "../..");

/** A copy of the tree in which sabotages are applied one after another. Dispose it. */
export class Workbench {
  readonly #tree: SeededTree;

  constructor() {
    this.#tree = new SeededTree({ "vitest.config.ts": textOf("vitest.config.ts") });
    for (const name of readdirSync(join(REPOSITORY, "packages"))) {
      const own = join(REPOSITORY, "packages", name, "node_modules");
      if (existsSync(own)) symlinkSync(own, join(this.root, "packages", name, "node_modules"));
    }
  }

  get root(): string {
    return this.#tree.root;
  }

  /** Runs `work` while the sabotage is in place. Throws before that when it does not apply. */
  async with<T>(sabotage: Sabotage, work: () => Promise<T>): Promise<T> {
    const { file } = sabotage;
    const source = readFileSync(join(this.root, file), "utf8");
    this.#tree.write({ [file]: sabotaged(source, sabotage) });
    try {
      return await work();
    } finally {
      this.#tree.write({ [file]: source });
    }
  }

  /** Patient with what a test that was just killed still has open. */
  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The text of a file of the repository itself. */
export function textOf(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}
