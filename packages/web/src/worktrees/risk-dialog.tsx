import { isApiError } from "@holdfast/client";
import { type RiskReport, riskReportSchema, visibleText } from "@holdfast/protocol";
import { Trash2, X } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { Button, Dialog, Exact, IconButton, Notice, Skeleton } from "../design/index.ts";
import { RiskList } from "./risk-list.tsx";

/** What somebody confirmed. */
export type Confirmed = { discard: boolean; skipTeardown: boolean };

type RiskDialogProps = {
  /** What is deleted, with its name. */
  title: string;
  /** What that means, where it needs words. */
  meaning?: string;
  /** Rejects with the reason. */
  onLook: () => Promise<RiskReport>;
  /** Deletes; rejects with the reason, RISK_UNCONFIRMED among them. */
  onDelete: (confirmed: Confirmed) => Promise<void>;
  /** Whether a teardown command that fails can be left out. */
  canSkipTeardown?: boolean;
  onClose: () => void;
};

/** Before every deletion: what would be lost; and without a word for it nothing is lost (W-10). */
export function RiskDialog(props: RiskDialogProps) {
  const { title, meaning, canSkipTeardown = false, onLook, onDelete, onClose } = props;
  const [report, setReport] = useState<RiskReport | undefined>();
  const [isDiscarding, setDiscarding] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const [output, setOutput] = useState<string | undefined>();
  const [skipTeardown, setSkipTeardown] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const look = useCallback(() => {
    setProblem(undefined);
    onLook().then(setReport, (error: unknown) => setProblem(messageOf(error)));
  }, [onLook]);
  useEffect(look, [look]);
  const remove = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      await onDelete({ discard: isDiscarding, skipTeardown });
      onClose();
    } catch (error) {
      const now =
        isApiError(error, "RISK_UNCONFIRMED") && riskReportSchema.safeParse(error.problem["report"]);
      if (now !== false && now.success) setReport(now.data);
      const isTeardown = isApiError(error) && error.problem["reason"] === "teardownFailed";
      const said = isTeardown ? error.problem["output"] : undefined;
      setOutput(isTeardown ? (typeof said === "string" ? said : "") : undefined);
      if (!isTeardown) setDiscarding(false);
      setAsked(false);
      setProblem(messageOf(error));
    }
  };
  const isConfirmed = report !== undefined && (report.safe || isDiscarding);
  return (
    <Dialog
      label={visibleText(title, "words")}
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] max-h-[84dvh] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 font-semibold break-words">
          <Exact text={title} as="words" />
        </h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="scroll-area flex min-h-32 flex-col gap-3 p-4">
        {meaning !== undefined && <p className="text-sm text-ink-soft">{meaning}</p>}
        {report === undefined && problem === undefined && (
          <Skeleton lines={4} label="Looking at what would be lost" />
        )}
        {report !== undefined && <RiskList report={report} />}
        {problem !== undefined && (
          <Notice
            tone="danger"
            role="alert"
            action={
              report === undefined && (
                <Button size="small" onClick={look}>
                  Try again
                </Button>
              )
            }
          >
            {problem}
          </Notice>
        )}
        {output !== undefined && output !== "" && (
          <pre
            tabIndex={0}
            dir="ltr"
            aria-label="What the teardown command said"
            className="max-h-40 shrink-0 overflow-auto rounded-md border border-line bg-sunken px-3 py-2 font-mono text-xs"
          >
            {output}
          </pre>
        )}
        {output !== undefined && canSkipTeardown && (
          <Tick label="Leave the teardown command out" isChecked={skipTeardown} onChange={setSkipTeardown} />
        )}
      </div>
      <footer className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-t border-line px-4 py-2.5">
        {report !== undefined && !report.safe && (
          <Tick
            label={
              report.risks.every(({ rescued }) => rescued) ? "Delete anyway" : "Discard what is not kept"
            }
            isChecked={isDiscarding}
            onChange={setDiscarding}
          />
        )}
        <span className="ml-auto flex gap-2">
          <Button autoFocus onClick={onClose}>
            Keep
          </Button>
          <Button tone="danger" disabled={!isConfirmed || isAsked} onClick={() => void remove()}>
            <Trash2 size={14} /> Delete
          </Button>
        </span>
      </footer>
    </Dialog>
  );
}

type TickProps = { label: string; isChecked: boolean; onChange: (isChecked: boolean) => void };

function Tick({ label, isChecked, onChange }: TickProps) {
  return (
    <label className="flex min-w-0 flex-1 basis-56 items-center gap-2 text-sm pointer-coarse:min-h-11">
      <input
        type="checkbox"
        checked={isChecked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 shrink-0 accent-danger"
      />
      {label}
    </label>
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
