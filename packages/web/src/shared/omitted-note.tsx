import type { Omitted } from "@holdfast/client";
import type { Omission } from "@holdfast/protocol";
import { EyeOff } from "lucide-react";

/** Why a row is not shown (S-7, S-30), in words. */
const WORDS: Record<Omission, string> = {
  refused: "the share service did not take it",
  tooLarge: "it is too large to be shared",
  expired: "its content was gone before it could be sent",
  withheld: "its owner keeps it back",
};

/** Stands where something of the session is not shown. */
export function OmittedNote({ omitted, what }: { omitted: Omitted; what: string }) {
  return (
    <p className="flex items-center gap-2 py-1 text-sm text-ink-soft">
      <EyeOff size={14} className="shrink-0 text-ink-faint" />
      {what} is not shown here: {WORDS[omitted.reason]}.
    </p>
  );
}
