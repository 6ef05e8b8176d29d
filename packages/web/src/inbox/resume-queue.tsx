import { type ReactNode, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button } from "../design/index.ts";

/** A person says that a session's queue should go on: also when a circuit holds it, which closes (D-6, A-17). */
export function ResumeQueue({ sessionId, children }: { sessionId: string; children: ReactNode }) {
  const client = useClient();
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const resume = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      await client.resumeQueue(sessionId);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(false);
    }
  };
  return (
    <>
      {problem !== undefined && (
        <span role="alert" className="text-xs text-danger">
          {problem}
        </span>
      )}
      <Button size="small" disabled={isAsked} onClick={() => void resume()}>
        {children}
      </Button>
    </>
  );
}
