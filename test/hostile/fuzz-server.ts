/**
 * A seeded fuzzer over every route and over ACP frames. Requests are made from the API's own description, with ids that exist now and then, and spoilt;
 * the same resource is attacked from several lanes at once. Each answer must be one of the contract: a described status, a problem with a code of the table,
 * never 500. The same seed makes the same requests (what they meet differs with the races).
 */
import { ERROR_CODES, problemSchema } from "@holdfast/protocol";
import type { HoldfastProcess } from "../harness/index.ts";
import { Random } from "../torture/random.ts";
import { mutate } from "./mutate.ts";

type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  required?: string[];
};
type Operation = {
  parameters?: { in: string; name: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

export type FuzzReport = { requests: number; statuses: Record<string, number>; wrong: string[] };
export type FuzzOptions = { server: HoldfastProcess; requests: number; seed: string; agent: string };

const LANES = 8;
const WRONG_KEPT = 50;
const DEADLINE_MS = 120_000;
/** What would end the attack itself, or wait for minutes. */
const LEFT_OUT = /auth\/rotate/;

export class Fuzzer {
  readonly #options: FuzzOptions;
  readonly #document: Document;
  readonly #operations: [string, string, Operation][];
  /** Ids that answers named, by their prefix. */
  readonly #ids = new Map<string, string[]>();
  readonly #report: FuzzReport = { requests: 0, statuses: {}, wrong: [] };

  constructor(options: FuzzOptions, document: Document) {
    this.#options = options;
    this.#document = document;
    this.#operations = Object.entries(document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
          method.toUpperCase(),
          path,
          operation,
        ]),
      )
      .filter(([, path]) => !LEFT_OUT.test(path));
  }

  async run(): Promise<FuzzReport> {
    const { requests, seed } = this.#options;
    let next = 0;
    const lane = async () => {
      while (next < requests) {
        const index = next;
        next += 1;
        await this.#one(index, new Random(`${seed} ${index}`));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return this.#report;
  }

  async #one(index: number, random: Random): Promise<void> {
    const { server } = this.#options;
    const [method, pattern, operation] = this.#operation(random);
    const path = pattern.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(this.#idFor(pattern, name, random)),
    );
    const query = this.#query(operation, random);
    const schema = operation.requestBody?.content["application/json"]?.schema;
    const body = schema === undefined ? undefined : this.#body(schema, random);
    const headers: Record<string, string> =
      body === undefined ? {} : { "content-type": random.chance(0.97) ? "application/json" : "text/plain" };
    if (method === "POST" && random.chance(0.4)) headers["idempotency-key"] = `k${random.int(1, 200)}`;
    const line = `${method} ${path}${query} ${body ?? ""}`.slice(0, 2_000);
    try {
      const init = {
        method,
        headers,
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body === undefined ? {} : { body }),
      };
      const response = await server.fetch(`${path}${query}`, init);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
      const text = isStream ? "" : await response.text();
      if (isStream) await response.body?.cancel();
      this.#judge(index, line, response.status, text);
    } catch (error) {
      this.#wrong(index, line, `no answer: ${String(error)}`);
    }
    this.#report.requests += 1;
  }

  /** Any; those that take things away seldom, or nothing would be there to attack, and new work often. */
  #operation(random: Random): [string, string, Operation] {
    const isWork = ([method, path]: [string, string, Operation]) =>
      method === "POST" && path.endsWith("/inputs");
    if (random.chance(0.1)) return random.pick(this.#operations.filter(isWork));
    const picked = random.pick(this.#operations);
    return picked[0] === "DELETE" && random.chance(0.8) ? random.pick(this.#operations) : picked;
  }

  #judge(index: number, line: string, status: number, text: string): void {
    this.#report.statuses[status] = (this.#report.statuses[status] ?? 0) + 1;
    for (const [id, prefix] of text.matchAll(/\b(ses|trn|inp|msg|prt|per|wsp|prl|tok)_[0-9a-z]{26}\b/g)) {
      const known = this.#ids.get(prefix ?? "") ?? [];
      known.push(id);
      this.#ids.set(prefix ?? "", known.slice(-500));
    }
    if (status < 400) return;
    const problem = problemSchema.safeParse(parse(text)).data;
    if (problem === undefined)
      return this.#wrong(index, line, `${status} without a problem document: ${text.slice(0, 200)}`);
    const known = ERROR_CODES[problem.code];
    if (known.status !== status) this.#wrong(index, line, `${problem.code} with status ${status}`);
    if (status >= 500 && problem.code !== "STORAGE_UNAVAILABLE")
      this.#wrong(index, line, `${status} ${problem.code} ${problem.detail}`);
  }

  #wrong(index: number, line: string, what: string): void {
    if (this.#report.wrong.length < WRONG_KEPT)
      this.#report.wrong.push(`seed ${this.#options.seed} request ${index}: ${what} <= ${line}`);
  }

  #idFor(path: string, name: string, random: Random): string {
    if (random.chance(0.1))
      return random.pick([
        "nonsense",
        "ses_00000000000000000000000000",
        "%00",
        "../x",
        "x".repeat(300),
        "ses_ZZZ",
      ]);
    const prefix = name === "partId" ? "prt" : (PREFIXES[path.split("/")[2] ?? ""] ?? "ses");
    const known = this.#ids.get(prefix) ?? [];
    return known.length === 0 ? `${prefix}_00000000000000000000000000` : random.pick(known);
  }

  #query(operation: Operation, random: Random): string {
    const query = new URLSearchParams();
    for (const { in: place, name, schema } of operation.parameters ?? []) {
      if (place !== "query" || random.chance(0.6)) continue;
      if (name === "wait") continue;
      const value = random.chance(0.5) ? this.#value(schema ?? {}, random, 0) : mutate("x", random);
      query.set(name, typeof value === "string" ? value.slice(0, 300) : JSON.stringify(value));
    }
    const text = query.toString();
    return text === "" ? "" : `?${text}`;
  }

  #body(schema: Schema, random: Random): string {
    const valid = this.#value(schema, random, 0);
    const value = random.chance(0.5) ? valid : mutate(valid, random);
    const text = JSON.stringify(value) ?? "null";
    return random.chance(0.03) ? text.slice(0, random.int(0, text.length)) : text;
  }

  /** A value of a schema, with names that mean something here. */
  #value(schema: Schema, random: Random, depth: number): unknown {
    if (schema.$ref !== undefined) {
      const named = this.#document.components.schemas[schema.$ref.split("/").at(-1) ?? ""];
      return named === undefined || depth > 6 ? {} : this.#value(named, random, depth + 1);
    }
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (choices !== undefined) return this.#value(random.pick(choices), random, depth + 1);
    const type = Array.isArray(schema.type) ? random.pick(schema.type) : schema.type;
    switch (type) {
      case "object":
        return Object.fromEntries(
          Object.entries(schema.properties ?? {})
            .filter(([name]) => (schema.required ?? []).includes(name) || random.chance(0.1))
            .map(([name, inner]) => [name, this.#named(name, inner, random, depth)]),
        );
      case "array":
        return Array.from({ length: random.int(0, 3) }, () =>
          this.#value(schema.items ?? {}, random, depth + 1),
        );
      case "integer":
      case "number":
        return random.int(0, 1_000);
      case "boolean":
        return random.chance(0.5);
      case "null":
        return null;
      default:
        return random.pick(["text", "SAY hello", "ASK may I", "SLOW 5 1", "a".repeat(200)]);
    }
  }

  #named(name: string, schema: Schema, random: Random, depth: number): unknown {
    if (name === "directory")
      return random.chance(0.8) ? this.#options.server.project : random.pick(["/", "/nowhere", "relative"]);
    if (name === "agent") return random.pick(["rehearsal", this.#options.agent, "nobody"]);
    if (name === "text")
      return random.chance(0.3) ? `FUZZ ${random.int(1, 1_000_000)}` : this.#value(schema, random, depth + 1);
    if (name === "parts" && random.chance(0.6))
      return [{ type: "text", text: this.#named("text", {}, random, depth) }];
    if (name === "inputIds") return (this.#ids.get("inp") ?? []).slice(-random.int(0, 4));
    return this.#value(schema, random, depth + 1);
  }
}

const PREFIXES: Readonly<Record<string, string>> = {
  sessions: "ses",
  turns: "trn",
  inputs: "inp",
  messages: "msg",
  permissions: "per",
  "permission-rules": "prl",
  questions: "qst",
  workspaces: "wsp",
  auth: "tok",
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
