import { useState } from "react";
import { Button } from "../design/index.ts";

type ConfirmRevokeProps = {
  /** What ends, and that it is for good. */
  meaning: string;
  onKeep: () => void;
  /** Never rejects. */
  onRevoke: () => Promise<void>;
};

/** Asks once more before something is taken back; the button that keeps it has the focus. */
export function ConfirmRevoke({ meaning, onKeep, onRevoke }: ConfirmRevokeProps) {
  const [isAsked, setAsked] = useState(false);
  const revoke = async () => {
    setAsked(true);
    await onRevoke();
    setAsked(false);
  };
  return (
    <div
      role="group"
      aria-label="Take back"
      className="flex flex-wrap items-center gap-2 rounded-md border border-danger/50 bg-danger-wash px-3 py-2"
    >
      <span className="min-w-0 flex-1 basis-56">{meaning}</span>
      <Button size="small" autoFocus onClick={onKeep}>
        Keep
      </Button>
      <Button size="small" tone="danger" disabled={isAsked} onClick={() => void revoke()}>
        Take it back
      </Button>
    </div>
  );
}
