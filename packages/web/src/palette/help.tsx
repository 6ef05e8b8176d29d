import { Dialog, Key } from "../design/index.ts";
import { COMMANDS, HELP_KEYS, namesOf, PALETTE_KEYS, PANEL_KEYS } from "../keyboard/index.ts";

/** The map of the keyboard. */
export function Help({ onClose }: { onClose: () => void }) {
  const entries = [
    { title: "Commands and sessions", keys: PALETTE_KEYS },
    { title: "This help", keys: HELP_KEYS },
    { title: "Timeline: earlier, later step", keys: "←+→" },
    { title: "Timeline: play or pause", keys: "space" },
    { title: "Timeline: back to now", keys: "esc" },
    ...COMMANDS.flatMap(({ title, keys }) => (keys === undefined ? [] : [{ title, keys }])),
    ...PANEL_KEYS,
  ];
  return (
    <Dialog
      label="Keyboard"
      onClose={onClose}
      className="mt-[max(1rem,6dvh)] max-h-[88dvh] flex-col overflow-hidden open:flex"
    >
      <h2 className="border-b border-line px-4 py-3 font-semibold">Keyboard</h2>
      <dl tabIndex={0} className="scroll-area min-h-0 grid grid-cols-[1fr_auto] gap-x-6 gap-y-2 p-4 text-sm">
        {entries.map(({ title, keys }) => (
          <div key={title} className="contents">
            <dt>{title}</dt>
            <dd className="flex gap-1">
              {namesOf(keys).map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="border-t border-line px-4 py-3 text-xs text-ink-faint">
        Single letters work when no field has the focus; those of the changes while the focus is there. Escape
        leaves a field or closes what is open.
      </p>
    </Dialog>
  );
}
