import type { HoldfastClient } from "@holdfast/client";
import { useEffect, useRef } from "react";
import { useClient, useConnection, useStore } from "../data/index.ts";
import { Outbox, type Outgoing, type Sent } from "./outbox.ts";
import { sentMemory } from "./sent-memory.ts";

/** By session, for as long as the page lives: sending goes on when somebody looks at another session. */
const outboxes = new Map<string, Outbox>();

function outboxOf(sessionId: string, client: HoldfastClient): Outbox {
  const kept = outboxes.get(sessionId);
  if (kept !== undefined) return kept;
  const admit = async (sent: Sent) => {
    const { delivery, mentions, stops } = sent;
    const body = { parts: partsOf(sent), delivery, ...(mentions === undefined ? {} : { mentions }) };
    const options = { idempotencyKey: sent.key };
    return stops === undefined
      ? (await client.admitInput(sessionId, body, options)).input
      : (await client.stopAndSend({ sessionId, turnId: stops }, body, options)).input;
  };
  const made = new Outbox(sentMemory(sessionId), admit);
  outboxes.set(sessionId, made);
  return made;
}

/** What is outstanding in a session. It goes again when the server is back. */
export function useOutbox(sessionId: string): { outbox: Outbox; items: readonly Outgoing[] } {
  const outbox = outboxOf(sessionId, useClient());
  const { state } = useConnection();
  const before = useRef(state);
  useEffect(() => {
    if (state === "live" && before.current !== "live" && before.current !== "connecting") outbox.retry();
    before.current = state;
  }, [outbox, state]);
  return { outbox, items: useStore(outbox.items) };
}

function partsOf({ text, files }: Sent) {
  const words = text.trim() === "" ? [] : [{ type: "text" as const, text: text.trim() }];
  const attached = files.map(({ name, mime, url }) => ({ type: "file" as const, filename: name, mime, url }));
  return [...words, ...attached];
}
