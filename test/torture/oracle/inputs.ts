/** Inputs: each is there once, with its newest text, in its order, until somebody takes it out (D-5, D-6). */
import type { Input, Message } from "@holdfast/protocol";
import type { Ledger } from "../ledger.ts";
import { type Admission, textOfParts } from "../ledger/input-book.ts";
import { type Picture, queueOf, type SessionPicture } from "./picture.ts";

export function lostInputs(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const admission of ledger.admissions.values()) {
    if (ledger.deletions.has(admission.sessionId)) continue;
    const session = picture.sessions.get(admission.sessionId);
    wrong.push(
      ...(session === undefined
        ? [`session of ${admission.inputId} is gone`]
        : lostInput(ledger, admission, session)),
    );
  }
  return [...wrong, ...doubledTexts(ledger, picture), ...brokenQueues(ledger, picture)];
}

function lostInput(ledger: Ledger, admission: Admission, session: SessionPicture): string[] {
  const { inputId, turnId, messageId } = admission;
  const wrong: string[] = [];
  const turn = session.turns.find(({ id }) => id === turnId);
  if (turn === undefined) wrong.push(`turn ${turnId} was acknowledged and is gone`);
  const delivered = session.messages.filter(({ info }) => info.id === messageId);
  const input = session.inputs.find(({ id }) => id === inputId);
  const isGiven = input?.state === "delivered" && turn?.state === "queued";
  const isWaiting = (input?.state === "queued" && (session.isStill || delivered.length === 0)) || isGiven;
  const count = delivered.length + (isWaiting ? 1 : 0);
  const isRemoved = turn?.reason === "cancelled" && turn.time.started === undefined;
  if (count !== 1 && !(isRemoved && count === 0))
    wrong.push(`input ${inputId} was acknowledged and is there ${count} times`);
  if (isRemoved && admission.removal === "none" && !ledger.inputs.stops.has(turnId))
    wrong.push(`input ${inputId} is out of the queue, and nobody took it out`);
  if (admission.removal === "acknowledged" && (count > 0 || !isRemoved))
    wrong.push(
      `input ${inputId} was removed and is back: ${input?.state ?? "gone"}, its turn ${turn?.state}`,
    );
  const shown = delivered[0]?.parts ?? input?.parts;
  const text = shown === undefined ? admission.text : textOfParts(shown);
  if (text !== admission.text && !admission.maybe.has(text))
    wrong.push(
      `input ${inputId} was acknowledged with ${JSON.stringify(admission.text)} and has ${JSON.stringify(text)}`,
    );
  return wrong;
}

/** What was sent with one key exists at most once, whether it was answered or not. */
function doubledTexts(ledger: Ledger, picture: Picture): string[] {
  const places = new Map<string, number>();
  for (const [id, session] of picture.sessions) {
    const users = session.messages.filter(({ info }) => info.role === "user");
    const ids = new Set<string>(users.map(({ info }) => info.id));
    const waiting = queueOf(session).filter(({ messageId }) => session.isStill || !ids.has(messageId));
    for (const { parts } of [...users, ...waiting]) {
      const place = `${id}:${textOfParts(parts)}`;
      places.set(place, (places.get(place) ?? 0) + 1);
    }
  }
  return [...ledger.inputs.sent.values()].flatMap(({ sessionId, text }) => {
    const count = places.get(`${sessionId}:${text}`) ?? 0;
    return count > 1 ? [`what was asked once is there ${count} times: ${JSON.stringify(text)}`] : [];
  });
}

function brokenQueues(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [id, session] of picture.sessions) {
    const claim = ledger.inputs.queue(id);
    if (!claim.isOpen) wrong.push(...outOfOrder(ledger, session));
    wrong.push(...claim.orders.flatMap((order) => againstOrder(order, session)));
    if (claim.paused !== undefined && !session.session.queue.paused)
      wrong.push(`${id}: the queue was paused at ${claim.paused}, nobody let it go on, and it is not paused`);
    if (session.isStill && session.session.queue.length !== queueOf(session).length)
      wrong.push(`${id}: the queue's length is told as ${session.session.queue.length}`);
  }
  return wrong;
}

/** Delivered ones by their place in the history, then the queue. Steers go ahead. */
function runningOrder(session: SessionPicture): Input[] {
  const ordinals = new Map<string, number>(
    session.messages.map(({ info }): [Message["info"]["id"], number] => [info.id, info.ordinal ?? 0]),
  );
  const delivered = session.inputs
    .filter((input) => input.state === "delivered" && input.delivery === "queue")
    .toSorted((a, b) => (ordinals.get(a.messageId) ?? 0) - (ordinals.get(b.messageId) ?? 0));
  return [...delivered, ...queueOf(session).filter(({ delivery }) => delivery === "queue")];
}

/** By the places that were acknowledged. A steer that went to the queue got another place, which may have been told to nobody before a kill. */
function outOfOrder(ledger: Ledger, session: SessionPicture): string[] {
  const known = runningOrder(session).flatMap((input) => {
    const admission = ledger.admissions.get(input.id);
    const position = admission?.position?.value;
    return position === undefined || admission?.delivery !== input.delivery
      ? []
      : [{ id: input.id, position }];
  });
  return known.flatMap(({ id, position }, index) => {
    const before = known[index - 1];
    return before === undefined || before.position <= position
      ? []
      : [`input ${id} (place ${position}) comes after ${before.id} (place ${before.position})`];
  });
}

/** By an order that was acknowledged as a whole. */
function againstOrder(order: readonly string[], session: SessionPicture): string[] {
  const run = runningOrder(session)
    .map(({ id }): string => id)
    .filter((id) => order.includes(id));
  const asked = order.filter((id) => run.includes(id));
  return run.join() === asked.join()
    ? []
    : [`inputs were put into the order ${asked.join(", ")} and came as ${run.join(", ")}`];
}
