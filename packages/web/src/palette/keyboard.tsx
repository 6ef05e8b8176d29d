import { useEffect, useState } from "react";
import { useApp } from "../data/index.ts";
import { COMMANDS, HELP_KEYS, isWriting, matches, PALETTE_KEYS } from "../keyboard/index.ts";
import { Help } from "./help.tsx";
import { Palette } from "./palette.tsx";

/** Listens to the keyboard for the whole page, and shows the palette and the help. */
export function Keyboard() {
  const app = useApp();
  const [shown, setShown] = useState<"palette" | "help" | undefined>();
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
  if (shown === undefined) return null;
  const close = () => setShown(undefined);
  return shown === "palette" ? <Palette onClose={close} /> : <Help onClose={close} />;
}
