/**
 * What is known of each agent program beyond its own advertisement, which is only a hint. Every entry was seen on the version named in
 * `seen`; the recorded streams under `test/golden/acp` show it, save for Gemini, Claude Code and Codex, of which there are none.
 */
import type { ApprovalMode, BackendKind, FEATURES, Usage } from "@holdfast/protocol";

/** What an agent does that its advertisement does not tell. */
export type Quirks = {
  /** Session mode that holds an approval mode; where none is named, the asking mode and our own ladder do. */
  modes: Partial<Record<ApprovalMode, string>> | "guess";
  /**
   * Approval modes in which it changes no file, whatever a person answers: its turns then need no write lease. An agent that asks
   * before tools of a kind that it does not tell cannot be named here, because somebody may let them.
   */
  cannotWrite?: readonly ApprovalMode[] | undefined;
  /** `session/resume` is advertised and does not work, or loses memory. */
  resumeBroken: boolean;
  /** The end of stdin does not end it: SIGTERM follows at once. */
  ignoresEof: boolean;
  /** How it tells a model error as text: the last message begins with this, and the response counts no tokens. */
  errorAsText?: { startsWith: string; versions: RegExp } | undefined;
  /**
   * Sentences in which its errors tell what the model's provider answered, as seen on these versions: the HTTP status that each stands for, or
   * the group `status` of its words.
   */
  errorSentences?: { versions: RegExp; known: readonly { says: RegExp; status?: number }[] } | undefined;
  /** What the tokens of a prompt's response span, and whether chunks carry tokens of single model calls, which sum up to the turn. */
  tokens: { response: NonNullable<Usage["scope"]>; perCall: boolean };
  /** Kinds of tools that the agent reports as `other` or not at all, by the agent's own tool name. */
  toolKinds: Readonly<Record<string, string>>;
  /** Its own tool that asks a person something: sent as a permission request, whose answer carries what was chosen. */
  questionTool?: string | undefined;
  /**
   * It works by itself outside of prompts, when a background task of its own ends, and says when it is done: `usage-origin`, in a `usage_update` that names
   * where the work came from. The tasks that run it tells by the messages of its SDK, which it is asked to pass on.
   */
  startsTurns?: { endedBy: "usage-origin"; tasksBy: "sdk-messages" } | undefined;
  /** It takes words with a no, and goes on by them. */
  takesWords?: boolean | undefined;
  /** It opens an HTTP port and lets in whoever knows the password in this variable: a fresh random one for each start. */
  passwordVariable?: string | undefined;
  /**
   * Advertised only where it is known to work. Terminals never are: every agent runs its commands itself where they are not offered, and only goose was
   * seen to use them, for its whole shell.
   */
  clientCapabilities: { readFiles: boolean; writeFiles: boolean };
};

/** A program that Holdfast knows by itself. */
export type KnownAgent = {
  id: string;
  name: string;
  /** What drives it; default `acp`. */
  backend?: BackendKind | undefined;
  /** Name to look for on PATH; absent for the one that ships with Holdfast. */
  program?: string | undefined;
  args: readonly string[];
  /** Variables that it is started with. */
  environment?: Readonly<Record<string, string>> | undefined;
  install?: string | undefined;
  quirks: Quirks;
  /** The version that all this was seen on, and what it was seen to do there; what is not named was not looked for, or did not work. */
  seen: { version: string; features: readonly FeatureName[] };
};

type FeatureName = (typeof FEATURES)[number];

/** The HTTP status that an agent's words stand for by its record; nothing for words or a version that the record does not know. */
export function toldStatus(
  { quirks, version }: { quirks: Quirks; version: string | undefined },
  words: string,
): number | undefined {
  const { errorSentences } = quirks;
  if (version === undefined || errorSentences?.versions.test(version) !== true) return undefined;
  for (const { says, status } of errorSentences.known) {
    const told = says.exec(words);
    if (told !== null) return status ?? Number(told.groups?.["status"]);
  }
  return undefined;
}

/** An agent without a record: nothing is assumed to be broken, and mode names are matched to what is common. */
export const NO_QUIRKS: Quirks = {
  modes: "guess",
  resumeBroken: false,
  ignoresEof: false,
  tokens: { response: "unknown", perCall: false },
  toolKinds: {},
  clientCapabilities: { readFiles: false, writeFiles: false },
};

const REHEARSAL: KnownAgent = {
  id: "rehearsal",
  name: "Rehearsal",
  args: [],
  quirks: {
    ...NO_QUIRKS,
    modes: { ask: "ask", edits: "ask", all: "auto", readOnly: "ask" },
    // It asks before WRITE and BASH in mode `ask`, and read-only sessions refuse both.
    cannotWrite: ["readOnly"],
    startsTurns: { endedBy: "usage-origin", tasksBy: "sdk-messages" },
    clientCapabilities: { readFiles: true, writeFiles: true },
  },
  seen: {
    version: "0.1.0",
    features: ["load", "resume", "list", "close", "images", "embeddedContext", "steer", "modes", "usage"],
  },
};

const GOOSE: KnownAgent = {
  id: "goose",
  name: "Goose",
  program: "goose",
  args: ["acp", "--with-builtin", "developer"],
  install: "https://goose-docs.ai/docs/getting-started/installation",
  quirks: {
    ...NO_QUIRKS,
    // `approve` asks before every tool, reading included, so our ladder can hold the three; `smart_approve` decides by a model.
    modes: { ask: "approve", edits: "approve", all: "auto", readOnly: "approve" },
    ignoresEof: true,
    errorAsText: { startsWith: "Ran into this error: ", versions: /^1\./ },
    errorSentences: {
      versions: /^1\./,
      known: [
        { says: /^Ran into this error: Rate limit exceeded: /, status: 429 },
        { says: /^Ran into this error: [\w :]+\((?<status>[45]\d\d)(?: [\w -]+)?\)/ },
      ],
    },
    tokens: { response: "lastCall", perCall: false },
    toolKinds: {
      write: "edit",
      edit: "edit",
      text_editor: "edit",
      shell: "execute",
      read: "read",
      read_image: "read",
      tree: "search",
    },
    // Its write and edit go through us whole, new files and directories too; it reads better by itself, which knows more than UTF-8.
    clientCapabilities: { readFiles: false, writeFiles: true },
  },
  seen: {
    version: "1.52.0",
    features: ["load", "list", "close", "images", "embeddedContext", "modes", "usage", "mcpHttp"],
  },
};

const QWEN: KnownAgent = {
  id: "qwen",
  name: "Qwen Code",
  program: "qwen",
  args: ["--acp"],
  install: "npm install -g @qwen-code/qwen-code",
  quirks: {
    ...NO_QUIRKS,
    modes: { ask: "default", edits: "auto-edit", all: "yolo", readOnly: "plan" },
    cannotWrite: ["readOnly"],
    // Other statuses stand at the beginning of the details.
    errorSentences: { versions: /^0\./, known: [{ says: /\bexceeds\b.*\(HTTP (?<status>413)\)/ }] },
    tokens: { response: "unknown", perCall: true },
    questionTool: "ask_user_question",
    // `fs` off: through us it makes UTF-8 of a file in another encoding, which it keeps when it writes by itself.
  },
  seen: {
    version: "0.24.4",
    features: ["load", "resume", "list", "images", "embeddedContext", "modes", "usage"],
  },
};

const OPENCODE: KnownAgent = {
  id: "opencode",
  name: "opencode",
  backend: "opencode",
  program: "opencode",
  args: [],
  install: "npm install -g opencode-ai",
  // Approval modes are permission rules on its session, not modes of its own.
  quirks: { ...NO_QUIRKS, modes: { ask: "build", edits: "build", all: "build", readOnly: "build" } },
  seen: { version: "1.18.33", features: ["resume", "list", "images", "embeddedContext", "modes", "usage"] },
};

const OPENCODE_ACP: KnownAgent = {
  id: "opencode-acp",
  name: "opencode over ACP",
  program: "opencode",
  args: ["acp"],
  install: "npm install -g opencode-ai",
  // By default it asks nothing: it is told to ask for everything that is not plain reading, and our ladder holds the modes.
  environment: {
    OPENCODE_PERMISSION: JSON.stringify({
      "*": "ask",
      read: "allow",
      glob: "allow",
      grep: "allow",
      list: "allow",
      todowrite: "allow",
    }),
    OPENCODE_DISABLE_AUTOUPDATE: "1",
  },
  quirks: {
    ...NO_QUIRKS,
    modes: { ask: "build", edits: "build", all: "build", readOnly: "plan" },
    passwordVariable: "OPENCODE_SERVER_PASSWORD",
    // `fs` off: it writes by itself all the same, and gives us only some of its files once more.
  },
  seen: { version: "1.18.33", features: ["load", "resume", "list", "close", "usage"] },
};

// The three below were driven through the whole of `npm run matrix`, and their modes probed raw; their prompts' tokens and most of their prompt capabilities
// were not, so nothing is said of them.

const GEMINI: KnownAgent = {
  id: "gemini",
  name: "Gemini CLI",
  program: "gemini",
  args: ["--acp"],
  install: "npm install -g @google/gemini-cli",
  quirks: {
    ...NO_QUIRKS,
    modes: { ask: "default", edits: "autoEdit", all: "yolo", readOnly: "plan" },
    // `fs` off: it reads a file before it writes it, and takes the error of a new one for its own.
  },
  seen: { version: "0.61.0", features: ["load", "modes"] },
};

const CLAUDE: KnownAgent = {
  id: "claude",
  name: "Claude Code",
  // The adapter, which brings the program; `claude` itself does not speak the protocol.
  program: "claude-agent-acp",
  args: [],
  install: "npm install -g @agentclientprotocol/claude-agent-acp",
  quirks: {
    ...NO_QUIRKS,
    // Its `auto` lets a model decide: our ladder answers what `default` asks.
    modes: { ask: "default", edits: "acceptEdits", all: "default", readOnly: "plan" },
    startsTurns: { endedBy: "usage-origin", tasksBy: "sdk-messages" },
  },
  seen: { version: "0.100.0", features: ["load", "resume", "list", "close", "modes", "usage"] },
};

const CODEX: KnownAgent = {
  id: "codex",
  name: "Codex",
  // The adapter, which brings the program; `codex` itself does not speak the protocol.
  program: "codex-acp",
  args: [],
  install: "npm install -g @agentclientprotocol/codex-acp",
  quirks: {
    ...NO_QUIRKS,
    // It was never seen to ask: its sandbox refuses instead. `agent`, in which it begins, runs commands in the session's directory.
    modes: { all: "agent", readOnly: "read-only" },
    ignoresEof: true,
  },
  seen: { version: "2.6.0", features: ["load", "resume", "list", "close", "modes", "usage"] },
};

/** The native agent: what it does is ours, and our ladder holds each mode. */
export const NATIVE_QUIRKS: Quirks = {
  ...NO_QUIRKS,
  modes: { ask: "ask", edits: "edits", all: "all", readOnly: "readOnly" },
  tokens: { response: "turn", perCall: false },
  takesWords: true,
};

/** Its two forms: one that builds, and one that plans and changes nothing. */
export const NATIVE_AGENTS = [
  { id: "native:build", name: "Holdfast" },
  { id: "native:plan", name: "Holdfast, planning" },
] as const;

export const KNOWN_AGENTS: readonly KnownAgent[] = [
  REHEARSAL,
  OPENCODE,
  OPENCODE_ACP,
  GOOSE,
  QWEN,
  GEMINI,
  CLAUDE,
  CODEX,
];
