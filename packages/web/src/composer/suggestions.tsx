import type { SessionState } from "@holdfast/client";
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import { useClient } from "../data/index.ts";
import { classes, Exact } from "../design/index.ts";
import { foundSuggestions, offeredSuggestions, type Suggestion } from "./find-suggestions.ts";
import { triggerOf } from "./trigger.ts";

/** Pause in typing before the server is asked, in ms. */
const ASK_MS = 120;

/** Suggestions for the message's field: commands and agents of its own that the agent offers, files of the workspace, symbols of a file, and resources of MCP servers. */
export function useSuggestions(
  state: SessionState,
  text: string,
  field: RefObject<HTMLTextAreaElement | null>,
  onChange: (text: string) => void,
) {
  const client = useClient();
  const listId = useId();
  const [items, setItems] = useState<Suggestion[]>([]);
  const [active, setActive] = useState(0);
  const [caret, setCaret] = useState(0);
  const [dismissed, setDismissed] = useState<string | undefined>();
  const trigger = triggerOf(text, caret);
  const key = trigger === undefined ? undefined : JSON.stringify(trigger);
  const { session, agentSessions } = state;
  const { commands, subagents } =
    Object.values(agentSessions).find(({ agent }) => agent === session?.agent) ?? {};
  const { id: sessionId, workspaceId } = session ?? {};

  useEffect(() => {
    setActive(0);
    if (trigger === undefined || key === dismissed) return setItems([]);
    const offered = offeredSuggestions(trigger, { commands, subagents });
    if (trigger.kind === "command") return setItems(offered);
    if (sessionId === undefined || workspaceId === undefined) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      foundSuggestions(trigger, client, { sessionId, workspaceId }, stop.signal).then(
        (found) => setItems([...offered, ...found]),
        () => {
          if (!stop.signal.aborted) setItems(offered);
        },
      );
    }, ASK_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // The trigger is new with every stroke; its key says whether it is another one.
  }, [key, dismissed, commands, subagents, sessionId, workspaceId, client]);

  const choose = (item: Suggestion) => {
    if (trigger === undefined) return;
    const next = text.slice(0, trigger.from) + item.insert + text.slice(caret);
    onChange(next);
    const end = trigger.from + item.insert.length;
    setCaret(end);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(end, end);
    });
  };

  const isOpen = items.length > 0 && trigger !== undefined;
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const current = items[active];
    if (step !== 0) setActive((active + step + items.length) % items.length);
    else if ((event.key === "Enter" || event.key === "Tab") && current !== undefined) choose(current);
    else if (event.key === "Escape") setDismissed(key);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  return {
    items: isOpen ? items : [],
    active,
    listId,
    choose,
    onKeyDown,
    fieldProps: {
      onSelect: () => setCaret(field.current?.selectionStart ?? 0),
      role: "combobox" as const,
      "aria-expanded": isOpen,
      "aria-autocomplete": "list" as const,
      "aria-controls": listId,
      "aria-activedescendant": isOpen ? `${listId}-${active}` : undefined,
    },
  };
}

type SuggestionsProps = Pick<ReturnType<typeof useSuggestions>, "items" | "active" | "listId" | "choose">;

export function Suggestions({ items, active, listId, choose }: SuggestionsProps) {
  return (
    <ul
      id={listId}
      role="listbox"
      aria-label="Suggestions"
      className={classes(
        "absolute inset-x-0 bottom-full z-20 mb-1 max-h-72 overflow-auto rounded-md border border-line bg-raised p-1 shadow-float",
        items.length === 0 && "hidden",
      )}
    >
      {items.map((item, index) => (
        <li
          key={item.insert}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === active}
          onMouseDown={(event) => {
            event.preventDefault();
            choose(item);
          }}
          className={classes(
            "flex cursor-pointer items-baseline gap-3 rounded-sm px-2 py-1.5 text-sm pointer-coarse:py-3",
            index === active && "bg-selected",
          )}
        >
          <Exact text={item.label} className="shrink-0 font-mono" />
          {item.detail !== undefined && (
            <span dir="auto" className="truncate text-ink-faint">
              {item.detail}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
