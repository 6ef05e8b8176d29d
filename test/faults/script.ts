/** A little of everything that a server does, in a fixed order: what is refused or not answered is left, as a client would whose patience ends. */
import { join } from "node:path";
import { SUBTASK_PROMPT } from "../torture/prompts.ts";
import { FaultScript } from "./fault-script.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "tmp", "faults-project");

/** Two workspaces, so that sessions work beside each other and wait for each other too. */
export const PLACES = [PROJECT, join(PROJECT, "other")] as const;

export class Script extends FaultScript {
  override async run(): Promise<void> {
    const asks = await this.session({ agent: "rehearsal", approvalMode: "ask", directory: PLACES[0] });
    const acts = await this.session({ agent: "rehearsal", approvalMode: "all", directory: PLACES[1] });
    const goes = await this.session({ agent: "rehearsal", approvalMode: "all", directory: PLACES[0] });
    const first = await this.admit(asks, "ASK may I\nSAY thank you");
    const long = await this.admit(acts, "SLOW 400 5");
    const queued = [
      await this.admit(acts, "SAY two"),
      await this.admit(acts, "SAY three"),
      await this.admit(acts, "SAY four"),
    ];
    const ids = queued.flatMap((one) => (one === undefined ? [] : [one.input.id]));
    if (ids[0] !== undefined)
      await this.send("PATCH", `/api/inputs/${ids[0]}`, {
        parts: [{ type: "text", text: `SAY edited ${this.mark()}` }],
      });
    if (acts !== undefined && ids.length === 3)
      await this.send("POST", `/api/sessions/${acts}/queue/reorder`, { inputIds: [ids[2], ids[0]] });
    if (ids[1] !== undefined) await this.send("DELETE", `/api/inputs/${ids[1]}`);
    await this.send("PATCH", `/api/sessions/${acts}`, { title: `Renamed ${this.mark()}` });
    if (long !== undefined) await this.send("POST", `/api/turns/${long.turn.id}/cancel`, {});
    await this.endOf(long);
    await this.send("POST", `/api/sessions/${acts}/queue/resume`, {});
    await this.endOf(queued[2]);
    await this.endOf(queued[0]);
    await this.endOf(first);
    await this.endOf(
      await this.admit(asks, "THINK so\nPLAN one | two\nWAKE now SLOW 60 5 ; SAY woken\nSAY done"),
    );
    await this.endOf(await this.admit(acts, "OUTPUT 3000\nFAIL 500 on purpose"));
    await this.endOf(await this.admit(asks, "ASKFORM How many? | count!: integer 1..9"));
    await this.endOf(await this.admit(acts, "SAY half\nRETRY 5 slow down\nCOMPACT in short\nSAY on"));
    await this.endOf(await this.admit(acts, "SAY behind it", {}, [this.#subtask()]));
    if (goes !== undefined) await this.send("DELETE", `/api/sessions/${goes}`);
    // The last ones are at work when the life ends.
    await this.admit(acts, "SLOW 4000 5");
    await this.admit(acts, "SAY behind it");
    await this.endOf(await this.admit(acts, "SAY into it", { delivery: "steer" }));
  }

  #subtask(): object {
    const prompt = `${SUBTASK_PROMPT}${this.mark()}\nSLOW 10 4`;
    return { type: "subtask", agent: "rehearsal", description: "a part of it", prompt };
  }
}
