import type { SessionState } from "@holdfast/client";
import { canBeMentioned, mentionText } from "@holdfast/protocol";
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import { useClient } from "../data/index.ts";
import { classes, Exact } from "../design/index.ts";
import { ranked } from "../ranking/index.ts";

/** Pause in typing before files are asked for, in ms, how many are shown, and how many agents before them. */
const ASK_MS = 120;
const SHOWN = 8;
const SHOWN_AGENTS = 3;

type Suggestion = { insert: string; label: string; detail?: string };

/** The word under the caret that asks for help: `/command` at the beginning, `@file` where that is a mention (never inside an address). */
export function triggerOf(
  text: string,
  caret: number,
): { kind: "command" | "file"; word: string; from: number } | undefined {
  const before = text.slice(0, caret);
  const command = /^\/(\S*)$/.exec(before);
  if (command !== null) return { kind: "command", word: command[1] ?? "", from: 0 };
  const file = /(?:^|[\s(])(@(?:"([^"\n]*)|([^\s@"]*)))$/.exec(before);
  if (file === null) return undefined;
  const [, typed = "", quoted, bare = ""] = file;
  return { kind: "file", word: quoted ?? bare, from: caret - typed.length };
}

/** Suggestions for the message's field: commands and agents of its own that the agent offers, and files of the workspace. */
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
  const key = trigger === undefined ? undefined : `${trigger.kind} ${trigger.from} ${trigger.word}`;
  const { session, agentSessions } = state;
  const offered = Object.values(agentSessions).find(({ agent }) => agent === session?.agent);
  const { commands, subagents } = offered ?? {};
  const workspaceId = session?.workspaceId;

  useEffect(() => {
    setActive(0);
    if (trigger === undefined || key === dismissed) return setItems([]);
    if (trigger.kind === "command") {
      const found = ranked(commands ?? [], ({ name }) => name, trigger.word).slice(0, SHOWN);
      return setItems(
        found.map(({ name, description }) => ({
          insert: `/${name} `,
          label: `/${name}`,
          detail: description,
        })),
      );
    }
    if (workspaceId === undefined) return;
    const agents = ranked(subagents ?? [], ({ name }) => name, trigger.word)
      .slice(0, SHOWN_AGENTS)
      .map(({ name, description }) => ({
        insert: `${mentionText(name)} `,
        label: `@${name}`,
        detail: description ?? "",
      }));
    const stop = new AbortController();
    const timer = setTimeout(() => {
      client.searchFiles(workspaceId, trigger.word, { signal: stop.signal }).then(
        (answer) =>
          setItems([
            ...agents,
            ...answer.items
              .filter(({ path }) => canBeMentioned(path))
              .slice(0, SHOWN)
              .map(({ path }) => ({ insert: `${mentionText(path)} `, label: path })),
          ]),
        () => setItems(agents),
      );
    }, ASK_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
    // The trigger is new with every stroke; its key says whether it is another one.
  }, [key, dismissed, commands, subagents, workspaceId, client]);

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
          key={item.label}
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
