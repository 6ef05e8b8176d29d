/** Ways to doctor the story: what a checker heard of it, and what is there. */
import type { Ledger } from "../ledger.ts";
import type { Picture, SessionPicture } from "../oracle.ts";
import {
  admission,
  eventsOf,
  exchange,
  type Happening,
  input,
  ledgerOf,
  partsOf,
  permission,
  pictureOf,
  session,
  SESSION,
  story,
  stream,
  turn,
} from "./fixture.ts";

export const EVENTS = eventsOf(story());
export const heard = (): Ledger => ledgerOf(admission(1), admission(2), stream(EVENTS));
/** What happened up to the first event that matches. */
export const until = (match: (happening: Happening) => boolean): Happening[] =>
  story().slice(0, story().findIndex(match) + 1);
export const untilType = (type: string) => until(([name]) => name === type);
export const seqOf = (type: string): number => EVENTS.findLast((event) => event.type === type)?.seq ?? 0;
export const without =
  (type: string) =>
  ({ replay }: SessionPicture) => ({
    replay: replay.filter((event) => event.seq !== seqOf(type)),
  });
export const changedPart =
  (id: string, change: object) =>
  ({ messages }: SessionPicture): Partial<SessionPicture> => ({
    messages: messages.map((message) => ({
      ...message,
      parts: message.parts.map((part) => (part.id === id ? { ...part, ...change } : part)),
    })),
  });
export const changedTurn =
  (id: string, change: object) =>
  ({ turns }: SessionPicture) => ({
    turns: turns.map((row) => (row.id === id ? { ...row, ...change } : row)),
  });
export const changedInput =
  (id: string, change: object) =>
  ({ inputs }: SessionPicture) => ({
    inputs: inputs.map((row) => (row.id === id ? { ...row, ...change } : row)),
  });
export const patch = (title: string, status = 200, lastSeq = 99) =>
  exchange(
    { method: "PATCH", path: `/api/sessions/${SESSION}`, body: { title } },
    status === 0
      ? undefined
      : { status, body: session({ title, lastSeq, queue: { length: 1, paused: true } }) },
  );
export const reply = (key: string) =>
  exchange(
    { method: "POST", path: "/api/permissions/per_1/reply", key, body: { reply: "once" } },
    { status: 200, body: permission({ state: "replied", reply: "once" }) },
  );
export const cancel = (number: number, change: object) =>
  exchange(
    { method: "POST", path: `/api/turns/trn_${number}/cancel`, body: {} },
    { status: 202, body: turn(number, change) },
  );
export const RUNNING = { state: "running", time: { queued: 1, started: 2 } };
export const removal = () => exchange({ method: "DELETE", path: "/api/inputs/inp_2" }, { status: 204 });
export const edit = (text: string, status: number | undefined, key = `edit to ${text}`) =>
  exchange(
    { method: "PATCH", path: "/api/inputs/inp_2", key, body: partsOf(text) },
    status === undefined ? undefined : { status, body: input(2, partsOf(text)) },
  );
export const reorder = (ids: number[] | undefined) =>
  exchange(
    { method: "POST", path: `/api/sessions/${SESSION}/queue/reorder`, body: { inputIds: ids } },
    ids && {
      status: 200,
      body: { seq: 90, items: ids.map((id, index) => input(id, { position: 2 + index })) },
    },
  );
export const THREE = eventsOf([
  ...story(),
  ["input.admitted", { input: input(3) }],
  ["turn.queued", { turn: turn(3) }],
]);

export const told = (happenings: Happening[]) => ledgerOf(stream(eventsOf(happenings)));
export const whole = (
  change?: (session: SessionPicture) => Partial<SessionPicture>,
  rest?: Partial<Picture>,
) => pictureOf(EVENTS, change, rest);

/** What is wrong: its title, what was heard, what is there, and what the oracle says. */
export type Hole = [title: string, heard: Ledger, seen: Picture, says: RegExp];
