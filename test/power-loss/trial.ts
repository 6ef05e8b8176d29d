/** Starts the real program on a disk image and lets the torture's oracle judge what is there. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type HoldfastProcess, startHoldfast } from "../harness/index.ts";
import { judge, Ledger, takePicture } from "../torture/index.ts";
import { configFor, type Synchronous, type TracedRun } from "./traced-run.ts";

export type Trial = { violations: string[]; answers: number; frames: number };

/** The image is below `root`, in `data`; it is gone afterwards, unless something was wrong. */
export async function tryImage(
  run: TracedRun,
  at: number,
  root: string,
  synchronous: Synchronous,
): Promise<Trial> {
  const ledger = new Ledger();
  ledger.take(run.acknowledgedBefore(at));
  const { answers, frames } = ledger;
  const startedAt = Date.now();
  let server: HoldfastProcess;
  try {
    server = await startHoldfast({
      root,
      config: configFor(synchronous),
      environment: { HOLDFAST_STOP_BUDGET: "0" },
    });
  } catch (error) {
    return { violations: [`the server does not start: ${String(error)}`], answers, frames };
  }
  try {
    const { client, url, token } = server;
    const known = (await client.listSessions({ limit: 200 })).items.map(({ id }) => id);
    const there = run.sessions.filter((id) => known.includes(id));
    const picture = await takePicture(client, { url, token }, there, {
      startedAt,
      survivors: [],
      prompts: [],
    });
    const violations = judge(ledger, picture);
    if (violations.length === 0) {
      await server.kill();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    }
    return { violations, answers, frames };
  } catch (error) {
    return { violations: [`the server cannot be asked: ${String(error)}`], answers, frames };
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

export const imageRoot = (root: string, image: number): string => join(root, `image-${image}`);
