import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Exact, IconButton } from "../design/index.ts";

/** How long it says that it was copied, in ms. */
const SAID_MS = 2_000;

/** A command to type, with a button that copies it. An address is shown as a link instead. */
export function CopyCommand({ command }: { command: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SAID_MS);
    return () => clearTimeout(timer);
  }, [state]);
  if (/^https?:\/\//.test(command))
    return (
      <a
        href={command}
        target="_blank"
        rel="noreferrer"
        className="text-xs break-all text-accent underline underline-offset-2"
      >
        {command}
      </a>
    );
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      setState("copied");
    } catch {
      // Without a clipboard (a page over plain HTTP has none) the text can still be selected.
      setState("failed");
    }
  };
  return (
    <span className="flex min-w-0 items-center gap-1 rounded-sm bg-sunken pl-2">
      <code className="min-w-0 flex-1 py-1 font-mono text-xs [overflow-wrap:anywhere] select-all">
        <Exact text={command} />
      </code>
      <span role="status" className="text-xs text-ink-soft">
        {state === "copied" && "Copied"}
        {state === "failed" && "Select it, then copy"}
      </span>
      <IconButton label="Copy the command" onClick={() => void copy()}>
        {state === "copied" ? <Check size={14} className="text-good" /> : <Copy size={14} />}
      </IconButton>
    </span>
  );
}
