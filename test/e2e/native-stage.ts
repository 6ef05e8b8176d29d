/** A house for the native agent: at first without any model, then with two of a scripted one. */
import type { AdmitInput, ApprovalMode, Session } from "@holdfast/protocol";
import { type HarnessOptions, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { startModel } from "../model/index.ts";
import { Stage } from "./browser.ts";

/** One whose window is small, whose price is known and which may think harder, and one of which nothing is known. */
const MODELS = {
  "heron-1": {
    name: "Heron 1",
    context: 40_000,
    output: 8_000,
    price: { input: 3, output: 15 },
    variants: { high: { reasoningEffort: "high" } },
  },
  "wren-1": { name: "Wren 1" },
};

/** The model calls the same thing again and again. */
export const AGAIN = Array.from({ length: 3 }, () => "READ notes.txt").join("\n");
/** After its first step the context is full, which a summary mends: what stood here further is in it. */
export const FULL = 'USAGE {"input":39000,"output":100}\nREAD notes.txt';
/** Its provider wants to be asked again later. */
export const BUSY = 'FAIL 529 {"text":"Overloaded","headers":{"retry-after":"45"}}\nSAY never';
/** The first answer does not fit. */
export const BIRD: AdmitInput = {
  parts: [
    {
      type: "text",
      text: 'CALL StructuredOutput {"bird":7}\nCALL StructuredOutput {"bird":"heron","seen":["reed","shore"]}',
    },
  ],
  format: {
    type: "json_schema",
    schema: { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] },
    retryCount: 1,
  },
};

export async function nativeStage() {
  const directory = await temporaryDirectory("e2e-native");
  const model = await startModel({});
  const options: HarnessOptions = { root: directory.path };
  const on = new Stage(await startHoldfast(options), options, directory, undefined);
  return {
    on,
    /** Starts the server again, with models. */
    async equip() {
      await on.server.stop();
      options.config = { providers: { endpoint: { models: MODELS } } };
      options.environment = { HOLDFAST_MODEL_URL: `${model.url}/v1`, HOLDFAST_MODEL: "heron-1" };
      await on.restart();
    },
    session: (title: string, approvalMode: ApprovalMode = "ask"): Promise<Session> =>
      on.server.client.createSession({
        directory: on.project,
        agent: "native:build",
        approvalMode,
        title,
      }),
    async [Symbol.asyncDispose]() {
      await on[Symbol.asyncDispose]();
      await model.close();
    },
  };
}
