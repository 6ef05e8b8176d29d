import { describe, expect, it, test } from "vitest";
import { chooseAnswer, FailureCounts } from "./answer.ts";
import { offeredTool } from "./conversation.ts";
import type { Conversation, ModelMessage, OfferedTool } from "./conversation.ts";
import { PromptCache } from "./prompt-cache.ts";
import { toolCall } from "./tools.ts";

const writeFile = offeredTool("write_file", "", {
  properties: {
    file_path: { type: "string", description: "The absolute path" },
    content: { type: "string" },
  },
  required: ["file_path", "content"],
});
const shell = offeredTool("run_shell_command", "", {
  properties: { command: { type: "string" }, is_background: { type: "boolean" } },
  required: ["command", "is_background"],
});

function conversation(messages: ModelMessage[], tools: OfferedTool[] = [writeFile, shell]): Conversation {
  return { api: "openai-chat", model: "fake-1", stream: true, messages, tools };
}

function said(messages: ModelMessage[], failures = new FailureCounts()): string {
  const beats = [...chooseAnswer(conversation(messages), failures).beats];
  return beats.map((beat) => ("text" in beat ? beat.text : beat.kind)).join("");
}

function commandIn(messages: ModelMessage[], failures: FailureCounts): unknown {
  const [beat] = chooseAnswer(conversation(messages), failures).beats;
  return beat?.kind === "call" ? beat.args["command"] : undefined;
}

const user = (text: string): ModelMessage => ({ role: "user", text });
const assistant: ModelMessage = { role: "assistant", text: "" };
const tool = (text: string): ModelMessage => ({ role: "tool", text });

describe("which answer a request gets", () => {
  const script = user("#turn 1\nSAY one\nBASH ls\nBASH pwd\nSAY three");

  it("the k-th request of a turn gets the k-th answer", () => {
    expect(said([script])).toBe("onecall");
    expect(said([script, assistant, tool("x")])).toBe("call");
    expect(said([script, assistant, tool("x"), assistant, tool("y")])).toBe("three");
  });

  it("after the last directive it ends with a short text that names the last result", () => {
    expect(said([user("BASH ls"), assistant, tool("a.txt")])).toBe("Done. a.txt");
  });

  it("counts a split assistant message once, and skips a context message that the agent put behind the script", () => {
    expect(said([script, assistant, assistant, tool("x")])).toBe("call");
    expect(said([script, user("<context>\nSAY no\n</context>"), assistant, tool("x")])).toBe("call");
    expect(said([script, user("# Environment\nSAY no")])).toBe("onecall");
    expect(said([script, assistant, tool("x"), assistant, user("SAY another turn")])).toBe("another turn");
  });

  it("a retry of a failed request goes on in the script; a lone FAIL fails every retry", () => {
    const failures = new FailureCounts();
    const retried = user("FAIL 500 oops\nSAY recovered");
    expect(said([retried], failures)).toBe("oops");
    expect(said([retried], failures)).toBe("recovered");
    expect(said([retried], failures)).toBe("oops");
    const alone = user("FAIL 400 never");
    for (let count = 0; count < 3; count++) expect(said([alone], failures)).toBe("never");
  });

  it("goes on behind a failed try, whether what it had said is sent again or not", () => {
    const asked = user("SAY one\nCUT\nBASH ls\nBASH pwd");
    const one: ModelMessage = { role: "assistant", text: "one" };
    const left = new FailureCounts();
    expect(said([asked], left)).toBe("onecut");
    expect(commandIn([asked], left)).toBe("ls");
    expect(commandIn([asked, assistant, tool("x")], left)).toBe("pwd");
    const kept = new FailureCounts();
    expect(said([asked], kept)).toBe("onecut");
    expect(commandIn([asked, one], kept)).toBe("ls");
    expect(commandIn([asked, one, tool("x"), assistant, tool("x")], kept)).toBe("pwd");
  });

  it("RECALL answers from the messages that were sent, not from the server's memory", () => {
    expect(said([user("REMEMBER kiwi"), assistant, user("RECALL")])).toBe("You asked me to remember kiwi.");
    expect(said([user("RECALL")])).toBe("I remember nothing.");
  });

  it("answers a title request without using up the script", () => {
    const ask = conversation(
      [{ role: "system", text: "Generate a short title for this conversation." }, user("FAIL 500")],
      [],
    );
    const answer = chooseAnswer(ask, new FailureCounts());
    expect(answer.side).toBe("title");
    expect([...answer.beats]).toEqual([{ kind: "text", text: "Scripted session" }]);
  });

  it("knows a summary request that comes with all tools, and leaves a script with such words alone", () => {
    const asked = user("You are the component that summarizes a conversation when its context grows.");
    expect(said([user("REMEMBER kiwi"), assistant, asked])).toContain("REMEMBER kiwi");
    expect(said([user("SAY let us summarize the conversation")])).toBe("let us summarize the conversation");
  });

  it("a summary carries the remembered word on", () => {
    const ask = conversation(
      [{ role: "system", text: "Summarize the conversation." }, user("REMEMBER kiwi")],
      [],
    );
    expect([...chooseAnswer(ask, new FailureCounts()).beats]).toEqual([
      { kind: "text", text: "Summary: a scripted conversation.\nREMEMBER kiwi" },
    ]);
  });
});

test("further calls, an account and an end belong to the answer of the call before", () => {
  const todo = offeredTool("todo", "", {});
  const ask = conversation(
    [user('CALL todo {}\nALSO todo {"a":1}\nUSAGE {"input":1,"output":1}\nEND length\nSAY next')],
    [shell, todo],
  );
  const kinds = [...chooseAnswer(ask, new FailureCounts()).beats].map(({ kind }) => kind);
  expect(kinds).toEqual(["call", "call", "usage", "end"]);
});

test("a prompt cache reads what was sent before from its beginning on, and of Anthropic's what was marked", () => {
  const cache = new PromptCache();
  const message = (text: string) => ({ role: "user", content: [{ type: "text", text }] });
  const mark = { cache_control: { type: "ephemeral" } };
  const marked = (text: string) => ({ role: "user", content: [{ type: "text", text, ...mark }] });
  const first = cache.read("anthropic", { model: "m", messages: [message("one"), marked("two")] });
  expect(first).toMatchObject({ cacheRead: 0, cacheWrite: first.input });
  const messages = [message("one"), message("two"), message("three")];
  expect(cache.read("anthropic", { model: "m", messages })).toMatchObject({
    cacheRead: first.input,
    cacheWrite: 0,
  });
  expect(cache.read("anthropic", { model: "other", messages }).cacheRead).toBe(0);
  const chat = { model: "m", messages: [message("one")] };
  expect(cache.read("openai-chat", chat).cacheRead).toBe(0);
  expect(cache.read("openai-chat", chat)).toEqual({
    input: expect.any(Number) as number,
    cacheRead: cache.read("openai-chat", chat).input,
  });
});

describe("tool calls", () => {
  const context: ModelMessage = {
    role: "system",
    text: "I'm currently working in the directory: /tmp/project\n",
  };

  it("maps WRITE and BASH onto the offered parameter names", () => {
    const talk = conversation([context]);
    expect(toolCall({ kind: "write", path: "a.txt", text: "hi" }, talk)).toEqual({
      name: "write_file",
      args: { file_path: "/tmp/project/a.txt", content: "hi" },
    });
    expect(toolCall({ kind: "bash", command: "ls" }, talk)).toEqual({
      name: "run_shell_command",
      args: { command: "ls", is_background: false },
    });
  });

  it("drives one editor tool by its command parameter", () => {
    const properties = {
      command: { type: "string", enum: ["view", "write"] },
      path: { type: "string" },
      file_text: { type: "string" },
    };
    const editor = offeredTool("developer__text_editor", "", { properties, required: ["command", "path"] });
    expect(toolCall({ kind: "write", path: "a.txt", text: "hi" }, conversation([], [editor]))).toEqual({
      name: "developer__text_editor",
      args: { command: "write", path: "a.txt", file_text: "hi" },
    });
    expect(toolCall({ kind: "read", path: "a.txt" }, conversation([], [editor]))?.args).toEqual({
      command: "view",
      path: "a.txt",
    });
  });

  it("falls back to a shell, quoted, and to nothing", () => {
    expect(
      toolCall({ kind: "write", path: "it's", text: "a" }, conversation([], [shell]))?.args["command"],
    ).toBe(`printf %s 'a' > 'it'\\''s'`);
    expect(toolCall({ kind: "bash", command: "ls" }, conversation([], [writeFile]))).toBeUndefined();
  });
});
