import { ExternalLink } from "lucide-react";
import { useState } from "react";
import { useClient } from "../data/index.ts";
import { Button } from "../design/index.ts";
import { isLocalOnly } from "./words.ts";

/** Opens the list of everything that a service keeps for this Holdfast's key, in a window of its own: it works once, and only there (S-35). */
export function ServiceList({ service, label }: { service: string | undefined; label: string }) {
  const client = useClient();
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const open = async () => {
    setProblem(undefined);
    setBusy(true);
    // Opened at once, because browsers refuse windows that nobody just asked for.
    const opened = window.open("about:blank", "_blank");
    if (opened !== null) opened.opener = null;
    try {
      const { url, isLocal } = await client.shareListLink(service === undefined ? {} : { service });
      if (isLocal && !isLocalOnly(window.location.href))
        throw new Error("That service can be reached on its own machine alone.");
      if (opened === null) throw new Error("The browser did not let a window be opened.");
      opened.location.replace(url);
    } catch (error) {
      opened?.close();
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <div className="flex flex-col items-start gap-1">
      <Button size="small" disabled={isBusy} onClick={() => void open()}>
        <ExternalLink size={14} /> {label}
      </Button>
      {problem !== undefined && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
    </div>
  );
}
