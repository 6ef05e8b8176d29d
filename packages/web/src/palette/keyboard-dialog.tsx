import { Help } from "./help.tsx";
import { Palette } from "./palette.tsx";

export type Shown = "palette" | "help";

export function KeyboardDialog({ shown, onClose }: { shown: Shown; onClose: () => void }) {
  return shown === "palette" ? <Palette onClose={onClose} /> : <Help onClose={onClose} />;
}
