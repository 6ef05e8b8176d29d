import { type KeyboardEvent, useId, useState } from "react";
import { useApp, useLibrary } from "../data/index.ts";
import { classes, Dialog, Exact, Key, StatusDot } from "../design/index.ts";
import { COMMANDS, namesOf } from "../keyboard/index.ts";
import { ranked } from "../ranking/index.ts";
import { navigate } from "../route/index.ts";
import { markOf, nameOf } from "../session-list/index.ts";

const SHOWN = 12;

/** Sessions and commands in one list, by a few letters. */
export function Palette({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const { sessions } = useLibrary();
  const [words, setWords] = useState("");
  const [active, setActive] = useState(0);
  const listId = useId();
  const entries = [
    ...[...sessions.values()]
      .toSorted((a, b) => b.time.updated - a.time.updated)
      .map((session) => ({
        kind: "session" as const,
        key: session.id,
        text: `${session.title} ${nameOf(session.directory)}`,
        session,
      })),
    ...COMMANDS.map((command) => ({
      kind: "command" as const,
      key: command.id,
      text: command.title,
      command,
    })),
  ];
  const found = ranked(entries, ({ text }) => text, words).slice(0, SHOWN);
  const choose = (entry: (typeof entries)[number] | undefined) => {
    if (entry === undefined) return;
    onClose();
    if (entry.kind === "session") navigate({ at: "session", sessionId: entry.session.id });
    else entry.command.run(app);
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setActive((active + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[active]);
    }
  };
  return (
    <Dialog label="Commands and sessions" onClose={onClose}>
      <input
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${active}` : undefined}
        aria-label="Commands and sessions"
        dir="auto"
        placeholder="Go to a session, or do something"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          setActive(0);
        }}
        onKeyDown={press}
        className="h-12 w-full border-b border-line bg-transparent px-4 outline-none placeholder:text-ink-faint"
      />
      <ul id={listId} role="listbox" aria-label="Found" className="max-h-[50dvh] overflow-auto p-1.5">
        {found.map((entry, index) => (
          <li
            key={entry.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseMove={() => setActive(index)}
            onClick={() => choose(entry)}
            className={classes(
              "flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm pointer-coarse:min-h-11",
              index === active && "bg-selected",
            )}
          >
            {entry.kind === "session" ? (
              <>
                <StatusDot {...markOf(entry.session)} />
                <Exact text={entry.session.title} as="words" className="min-w-0 flex-1 truncate" />
                <Exact text={nameOf(entry.session.directory)} className="truncate text-xs text-ink-faint" />
              </>
            ) : (
              <>
                <span className="min-w-0 flex-1 truncate">{entry.command.title}</span>
                {entry.command.keys !== undefined &&
                  namesOf(entry.command.keys).map((key) => <Key key={key}>{key}</Key>)}
              </>
            )}
          </li>
        ))}
        {found.length === 0 && (
          <li className="px-2.5 py-4 text-center text-sm text-ink-faint">Nothing has these words.</li>
        )}
      </ul>
    </Dialog>
  );
}
