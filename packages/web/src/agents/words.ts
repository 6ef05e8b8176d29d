/** What the page says of agents, in one place. */
import type { Agent, ApprovalMode, Opened, OpenedBy } from "@holdfast/protocol";

/** Approval modes, the most careful first. */
export const MODE_WORDS: Record<ApprovalMode, string> = {
  readOnly: "Reads only",
  ask: "Asks before it acts",
  edits: "Edits freely, asks for the rest",
  all: "Acts without asking",
};
/** The same, after "can be told to". */
export const MODE_VERBS: Record<ApprovalMode, string> = {
  readOnly: "read only",
  ask: "ask first",
  edits: "edit freely",
  all: "act without asking",
};
export const MODES = Object.keys(MODE_WORDS) as ApprovalMode[];

/** Whether an agent can hold a mode. Where nothing is known of the agent, nothing is ruled out. */
export const canHold = (agent: Agent | undefined, mode: ApprovalMode): boolean =>
  agent === undefined || agent.approvalModes.length === 0 || agent.approvalModes.includes(mode);

/** How a turn found its agent: the word of the chip. */
export const OPENED_WORDS: Record<Opened, string> = {
  new: "new",
  resumed: "resumed",
  replayed: "replayed",
  lost: "memory lost",
};

const BY_WORDS: Record<OpenedBy, string> = {
  live: "Its program was still running and remembers what it saw.",
  resume: "Its program was started again and took up its own memory of this session.",
  load: "Its program was started again and read its own record of this session.",
  create: "Its program began a session of its own.",
};

/** What it means, told honestly: above all what the agent does not know. */
export function openedMeaning(opened: Opened, by: OpenedBy | undefined): string {
  switch (opened) {
    case "new":
      return "The agent's first turn in this session. What was said before, it knows only as far as it was told.";
    case "resumed":
      return by === undefined ? "The agent still knew this session." : BY_WORDS[by];
    case "replayed":
      return "The agent's own memory of this session is gone. It works from a short account of the earlier turns, which Holdfast wrote; details may be missing.";
    case "lost":
      return "The agent's own memory of this session is gone, and no account of the earlier turns could be given. It knows nothing of what you see above.";
  }
}
