/** What `json-answer.ts` asks of a running turn: prompts, the stored answer, the next step. */
import { type Clock, faultPoint, newId } from "@holdfast/kernel";
import { correctionPart, type MessageId, type Part, type Usage } from "@holdfast/protocol";
import type { JsonSchemas } from "../../json-schema/index.ts";
import type { StartedTurn, Store } from "../../store/index.ts";
import type { Ending } from "../end/index.ts";
import { answerParts } from "../final-text.ts";
import type { Recorder } from "../record/index.ts";
import { type JsonAnswer, type JsonFormat, type JsonTurn, promptForJson } from "./json-answer.ts";

type Deps = {
  store: Pick<Store, "messagesOfTurn">;
  clock: Clock;
  settings: { toolSettleMs: number };
  recorder: Recorder;
  started: StartedTurn;
  format: JsonFormat;
  schemas: Pick<JsonSchemas, "judge">;
  /** What the first prompt says beside the format. */
  parts: readonly Part[];
  prompt: (parts: Part[]) => Promise<Ending>;
  /** False once the turn is being stopped: then no further step begins. */
  goesOn: () => boolean;
  /** The agent answers by a call, and is told what stands in rows. */
  calls: boolean;
};

/** Runs the prompts of a turn that asks for JSON, to the end of the last one. */
export const answerInJson = (deps: Deps): Promise<JsonAnswer> =>
  promptForJson(deps.format, jsonTurn(deps), deps.schemas);

const NOTHING: { usage?: Usage | undefined } = {};

function jsonTurn(deps: Deps): JsonTurn {
  const { store, clock, settings, recorder, started, parts, prompt, goesOn, calls } = deps;
  const { session, turn, message } = started;
  let asked: MessageId = message.info.id;
  let shown = parts;
  return {
    calls,
    async prompt(words) {
      const now = clock.now();
      const place = { id: newId("prt", now), sessionId: session.id, messageId: asked };
      const ending = await prompt(
        words === undefined ? [...shown] : [...shown, correctionPart(place, words, now)],
      );
      shown = [];
      const { usage } = ending.by === "prompt" && ending.result.outcome === "ended" ? ending.result : NOTHING;
      recorder.endPrompt(usage);
      return ending;
    },
    async answer() {
      await recorder.flushed();
      const messages = await store.messagesOfTurn(turn.id);
      // Also what answers a message that went into the turn meanwhile (D-6).
      return answerParts(messages.slice(messages.findIndex(({ info }) => info.id === asked)));
    },
    async correct(validation, words) {
      if (!goesOn()) return;
      asked = (await recorder.correct(validation, words, settings.toolSettleMs)) ?? asked;
      faultPoint("turn.between-tries");
    },
  };
}
