import type {
  Diagnostics,
  Input,
  Message,
  Permission,
  Question,
  Session,
  SessionEvent,
  Todo,
  Turn,
  Usage,
} from "@holdfast/protocol";
import type { CallLog } from "../call-log.ts";

/** All that the API says of one session. */
export type SessionPicture = {
  session: Session;
  messages: Message[];
  turns: Turn[];
  /** All of them; the queue is those that are queued, by position. */
  inputs: Input[];
  permissions: Permission[];
  questions: Question[];
  todos: Todo[];
  usage: { usage: Usage; agents: { agent: string; usage: Usage }[] };
  /** What its parts refer to and cannot be read, or is not what its hash says. */
  brokenBlobs: string[];
  /** Its log from the beginning. */
  replay: SessionEvent[];
  /** Nothing happened in it while it was read: everything here is of one instant. */
  isStill: boolean;
};

/** All that the API says, read once after a start. */
export type Picture = {
  /** When the server that gives it was started, in ms. */
  startedAt: number;
  sessions: Map<string, SessionPicture>;
  /** Ids of all sessions that the server lists. */
  listed: ReadonlySet<string>;
  diagnostics: Diagnostics;
  /** Agent processes that lived when the last server died and live still. */
  survivors: number[];
  /** Prompts that agents remember, one entry for each time that one was given to them. */
  prompts: readonly string[];
  /** What commands wrote outside of Holdfast, where that was read. */
  calls?: CallLog;
};

export const queueOf = ({ inputs }: SessionPicture): Input[] =>
  inputs.filter(({ state }) => state === "queued").toSorted((a, b) => (a.position ?? 0) - (b.position ?? 0));
