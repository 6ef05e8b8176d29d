import type { Catcher, Sabotage } from "../sabotage.ts";

const CLIENT = "packages/client/src";

const ofClient = (title: string): Catcher => ({ file: "packages/client/test/durable.test.ts", title });
const onServer = (title: string): Catcher => ({
  file: "packages/server/test/http/durable-refs.test.ts",
  title,
});

/** Durable calls of a ref: what stores, sends and repeats them, and what does them once (S-27). */
export const DURABLE: readonly Sabotage[] = [
  {
    name: "durable-sent-before-stored",
    rules: ["S-27"],
    breaks: "sends a call whose intent nobody stored",
    file: `${CLIENT}/durable.ts`,
    edits: [
      {
        find: "await this.#options.intents.save(intents);",
        replace: "await this.#options.intents.save(intents).catch(() => undefined);",
      },
    ],
    catchers: [ofClient("[S-27] a call that could not be stored is not made")],
  },
  {
    name: "durable-fresh-op-id",
    rules: ["S-27"],
    breaks: "says another operation id at each try over capnweb",
    file: `${CLIENT}/rpc/send-group.ts`,
    edits: [
      { find: "const options = { opId };", replace: "const options = { opId: opId + Math.random() };" },
    ],
    catchers: [onServer("[S-27] an answer that is lost, and a program that ends then")],
  },
  {
    name: "durable-need-unchecked",
    rules: ["S-27"],
    breaks: "does a call although the result that it needs has nothing at that place",
    file: "packages/server/src/http/ref-rpc.ts",
    edits: [{ find: "if (needs.includes(undefined))", replace: "if (needs.length > 64)" }],
    catchers: [onServer("[S-27] what is refused fails alone with what needs it")],
  },
  {
    name: "durable-defaults-hashed",
    rules: ["S-27", "D-5"],
    breaks: "takes a call that comes again over REST for another one, because defaults were filled in",
    file: "packages/server/src/http/ref-door.ts",
    edits: [{ find: "args as Record<string, unknown>", replace: "parsed.data" }],
    catchers: [onServer("[S-27, S-31] an outcome that is unknown on WebSocket")],
  },
];
