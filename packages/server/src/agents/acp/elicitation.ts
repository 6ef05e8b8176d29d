/** What an agent asks of a person over ACP: `elicitation/create` as a question with typed fields, and its answer back. */
import { RequestError } from "@agentclientprotocol/sdk";
import { type QuestionAnswer, type QuestionAsk, questionAskSchema } from "@holdfast/protocol";
import type { AgentQuestion } from "../port.ts";
import type { Methods } from "./connection.ts";
import { isObject } from "./wire-message.ts";

/** The session that is open, as far as its questions are concerned. */
export type Asker = {
  backendSessionId: string;
  /** `withdrawn` aborts when the agent does not ask any more. */
  askQuestion(question: AgentQuestion, withdrawn: AbortSignal): Promise<QuestionAnswer>;
};

type Json = Record<string, unknown>;

/** Answers what one connection asks. What is asked for no open session is answered `cancel`: nobody could be shown it. */
export class Elicitations {
  readonly #find: () => Asker | undefined;
  /** Open ones that the agent may say are complete, by its id for them. */
  readonly #open = new Map<string, AbortController>();

  constructor(find: () => Asker | undefined) {
    this.#find = find;
  }

  readonly methods: Methods = {
    "elicitation/create": (params, signal) => this.#create(isObject(params) ? params : {}, signal),
  };

  /** The agent says that what a page was to be visited for is done: nobody needs to answer any more. */
  complete(params: unknown): void {
    if (isObject(params)) this.#open.get(String(params["elicitationId"]))?.abort();
  }

  async #create(params: Json, signal: AbortSignal): Promise<Json> {
    const question = askOf(params);
    const asker = this.#find();
    if (asker === undefined || params["sessionId"] !== asker.backendSessionId) return { action: "cancel" };
    const id = String(params["elicitationId"]);
    const done = new AbortController();
    if (question.url !== undefined) this.#open.set(id, done);
    try {
      const { toolCallId } = params;
      const callId = typeof toolCallId === "string" ? toolCallId : undefined;
      const withdrawn = AbortSignal.any([signal, done.signal]);
      const answer = await asker.askQuestion({ ...question, callId }, withdrawn);
      return answer.action === "accept" && question.url === undefined
        ? { action: "accept", content: answer.content ?? {} }
        : { action: answer.action };
    } finally {
      this.#open.delete(id);
    }
  }
}

/** Reads a request. Throws the JSON-RPC error that names what cannot be asked. */
export function askOf(params: Json): QuestionAsk {
  const { mode, message } = params;
  const ask = questionAskSchema.safeParse({
    message,
    fields: mode === "form" ? fieldsOf(params["requestedSchema"]) : [],
    ...(mode === "url" ? { url: webAddress(params["url"]) } : {}),
  });
  if (mode !== "form" && mode !== "url") throw refused("mode", "form and url can be asked");
  if (ask.success) return ask.data;
  const [issue] = ask.error.issues;
  throw refused(issue?.path.join(".") ?? "params", issue?.message ?? "it has the wrong shape");
}

/** Only what a browser shows: somebody will press it. */
function webAddress(url: unknown): string {
  if (typeof url === "string" && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw refused("url", "it is no http or https address");
}

function fieldsOf(schema: unknown): unknown[] {
  if (!isObject(schema)) throw refused("requestedSchema", "it is no object");
  const { properties, required } = schema;
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  return Object.entries(isObject(properties) ? properties : {}).map(([name, property]) =>
    given({ name, ...(needed.has(name) ? { required: true } : {}), ...fieldOf(name, property) }),
  );
}

function fieldOf(name: string, property: unknown): Json {
  const { type, ...rest } = isObject(property) ? property : {};
  switch (type) {
    case "string": {
      const options = optionsOf(rest["oneOf"] ?? rest["enum"]);
      return options === undefined ? { ...rest, type: "text" } : { ...rest, type: "one", options };
    }
    case "number":
      return { ...rest, type: "number" };
    case "integer":
      return { ...rest, type: "number", integer: true };
    case "boolean":
      return { ...rest, type: "boolean" };
    case "array": {
      const items = isObject(rest["items"]) ? rest["items"] : {};
      const options = optionsOf(items["anyOf"] ?? items["oneOf"] ?? items["enum"]);
      if (options !== undefined) return { ...rest, type: "many", options };
    }
  }
  throw refused(name, "a field is a text, a number, a boolean, or a choice among named options");
}

/** Titled options, or plain values that are their own labels. */
function optionsOf(value: unknown): Json[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((option: unknown) =>
    isObject(option)
      ? given({
          value: option["const"],
          label: option["title"] ?? option["const"],
          description: option["description"],
        })
      : { value: option, label: option },
  );
}

/** Absent and null are the same to the protocol. */
const given = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null && each !== undefined));

const refused = (what: string, why: string): RequestError =>
  new RequestError(-32_602, `${what} cannot be asked: ${why}`, { field: what });
