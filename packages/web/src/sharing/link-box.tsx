import { Check, Copy, QrCode as QrIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button, Exact, Notice, Skeleton } from "../design/index.ts";
import { isLocalOnly } from "./words.ts";

const QrCode = lazy(async () => ({ default: (await import("./qr-code.tsx")).QrCode }));

/** How long the button says that it copied, in ms. */
const COPIED_MS = 1_500;

type LinkBoxProps = {
  link: string;
  /** What who has it can do. */
  meaning: string;
  /** It is shown this once: what is stored of it is a hash. */
  isShownOnce: boolean;
  /** How such a link gets to others, where it leads to this machine alone. */
  remedy?: string;
};

/** A link to hand over: as it is, to copy, and as a code for a phone. */
export function LinkBox({
  link,
  meaning,
  isShownOnce,
  remedy = "For others, name a service that they can reach.",
}: LinkBoxProps) {
  const [isCopied, setCopied] = useState(false);
  const [problem, setProblem] = useState(false);
  const [hasCode, setHasCode] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () => {
    navigator.clipboard.writeText(link).then(
      () => setCopied(true),
      () => setProblem(true),
    );
  };
  return (
    <div className="flex flex-col gap-3">
      <p className="rounded-md border border-line bg-sunken px-3 py-2 font-mono text-sm break-all select-all">
        <Exact text={link} />
      </p>
      <p className="text-sm text-ink-soft">
        {meaning} {isShownOnce && "It is shown this once."}
      </p>
      {isLocalOnly(link) && (
        <Notice tone="attention">
          This link works on this machine alone: its address is a loopback one. {remedy}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button tone="primary" onClick={copy}>
          {isCopied ? <Check size={14} /> : <Copy size={14} />} {isCopied ? "Copied" : "Copy the link"}
        </Button>
        <Button aria-expanded={hasCode} onClick={() => setHasCode(!hasCode)}>
          <QrIcon size={14} /> {hasCode ? "Hide the code" : "Code for a phone"}
        </Button>
      </div>
      {problem && (
        <p role="alert" className="text-sm text-danger">
          The browser did not let it be copied: select it by hand.
        </p>
      )}
      {hasCode && (
        <Suspense fallback={<Skeleton lines={3} label="Drawing the code" />}>
          <QrCode text={link} label="The link as a code for a phone" />
        </Suspense>
      )}
    </div>
  );
}
