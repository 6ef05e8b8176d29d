import { lazy, Suspense, useEffect, useState } from "react";
import { useApp } from "../data/index.ts";
import { COMMANDS, HELP_KEYS, isWriting, matches, PALETTE_KEYS } from "../keyboard/index.ts";
import type { Shown } from "./keyboard-dialog.tsx";

const loadDialog = () => import("./keyboard-dialog.tsx");
const KeyboardDialog = lazy(async () => ({ default: (await loadDialog()).KeyboardDialog }));

/** Listens to the keyboard for the whole page, and shows the palette and the help. */
export function Keyboard() {
  const app = useApp();
  const [shown, setShown] = useState<Shown | undefined>();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (matches(event, PALETTE_KEYS)) {
        event.preventDefault();
        return setShown((now) => (now === "palette" ? undefined : "palette"));
      }
      const isText = isWriting(event.target);
      const command = COMMANDS.find(
        ({ keys }) => keys !== undefined && matches(event, keys) && (keys.includes("mod") || !isText),
      );
      if (command !== undefined) {
        event.preventDefault();
        command.run(app);
      } else if (!isText && matches(event, HELP_KEYS)) {
        event.preventDefault();
        setShown("help");
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [app]);
  // Not among what the page loads first, and there before anybody can want it.
  useEffect(() => void loadDialog().catch(() => undefined), []);
  if (shown === undefined) return null;
  return (
    <Suspense>
      <KeyboardDialog shown={shown} onClose={() => setShown(undefined)} />
    </Suspense>
  );
}
