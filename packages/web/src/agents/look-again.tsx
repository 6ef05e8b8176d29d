import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { useApp } from "../data/index.ts";
import { Button, IconButton } from "../design/index.ts";

/** Asks the server which agents and models are here now; says so when it does not answer. With `words` it is a button of its own. */
export function LookAgain({ words }: { words?: string }) {
  const { library } = useApp();
  const [problem, setProblem] = useState<string | undefined>();
  const look = () => {
    setProblem(undefined);
    library.refreshAgents().catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <>
      {problem !== undefined && (
        <span role="alert" className="max-w-48 truncate text-xs text-danger" title={problem}>
          {problem}
        </span>
      )}
      {words === undefined ? (
        <IconButton label="Refresh" onClick={look}>
          <RefreshCw size={15} />
        </IconButton>
      ) : (
        <Button size="small" onClick={look}>
          <RefreshCw size={14} /> {words}
        </Button>
      )}
    </>
  );
}
