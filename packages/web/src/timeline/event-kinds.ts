/** The events that a timeline shows, by what they tell of. */
import type { Permission, Question, SessionEvent, Turn } from "@holdfast/protocol";

type Of<T extends SessionEvent["type"]> = Extract<SessionEvent, { type: T }>;

export type TurnEvent = Extract<SessionEvent, { data: { turn: Turn } }>;
export type HeadEvent = Of<"message.updated">;
export type PartEvent = Of<"message.part.updated">;
export type RequestEvent = Extract<
  SessionEvent,
  { data: { permission: Permission } | { question: Question } }
>;
export type Request = Permission | Question;

export const isTurnEvent = (event: SessionEvent): event is TurnEvent => event.type.startsWith("turn.");

export const isRequestEvent = (event: SessionEvent): event is RequestEvent =>
  event.type.startsWith("permission.") || event.type.startsWith("question.");

export const requestOf = ({ data }: RequestEvent): Request =>
  "permission" in data ? data.permission : data.question;
