import { type Share, visibleText } from "@holdfast/protocol";
import { CirclePause, CirclePlay, Eye, Link2, Trash2 } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { useClient, useNow } from "../data/index.ts";
import { Button, Chip, Exact, dateTime, span } from "../design/index.ts";
import { AuditList } from "./audit-list.tsx";
import { ConfirmRevoke } from "./confirm-revoke.tsx";
import { ShareLinks } from "./share-links.tsx";
import { byOthers, isOpen, lagOf, SHARE_WORDS } from "./words.ts";

type ShareRowProps = {
  share: Share;
  /** Names the session too, where rows of several stand together. */
  title?: ReactNode;
  onChange: (share: Share) => void;
};

/** One share: how it stands, how far readers are behind, what went wrong last, who looked, and how it is taken back. */
export function ShareRow({ share, title, onChange }: ShareRowProps) {
  const client = useClient();
  const now = useNow(1_000);
  const [problem, setProblem] = useState<string | undefined>();
  const [shown, setShown] = useState<"links" | "audit" | "revoke" | undefined>();
  const takeBack = useRef<HTMLButtonElement>(null);
  const { label, tone, meaning } = SHARE_WORDS[share.state];
  const act = async (work: () => Promise<Share>) => {
    setProblem(undefined);
    try {
      onChange(await work());
      setShown(undefined);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const toggle = (what: "links" | "audit" | "revoke") => setShown(shown === what ? undefined : what);
  const { nextRetryAt, lastError, attempts } = share;
  const name = visibleText(share.title, "words");
  return (
    <li aria-label={`Share of ${name}`} className="flex flex-col gap-2 px-3 py-2.5 text-sm">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 flex-1 basis-48">
          {title}
          <Exact text={share.service} className="block text-xs break-all text-ink-soft" />
        </span>
        <Chip tone={tone} title={meaning}>
          {label}
        </Chip>
      </div>
      <p className="text-xs text-ink-soft">
        {share.state === "live" || share.state === "creating" ? "" : `${meaning} `}
        {lagOf(share, now)}{" "}
        {share.omitted > 0 && `${share.omitted.toLocaleString()} rows are shown as left out. `}
        {share.expiresAt !== undefined && isOpen(share) && `Until ${dateTime(share.expiresAt)}.`}
      </p>
      {lastError !== undefined && isOpen(share) && (
        <p className="text-xs text-danger">
          {lastError.message}
          {attempts > 1 && ` (${attempts.toLocaleString()} tries)`}
          {nextRetryAt !== undefined &&
            (nextRetryAt > now ? `; tried again in ${span(nextRetryAt - now)}.` : "; tried again now.")}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {share.state === "live" && (
          <Button size="small" onClick={() => void act(() => client.pauseShare(share.id))}>
            <CirclePause size={14} /> Pause
          </Button>
        )}
        {share.state === "paused" && (
          <Button size="small" onClick={() => void act(() => client.resumeShare(share.id))}>
            <CirclePlay size={14} /> Go on
          </Button>
        )}
        {(share.state === "fenced" || share.state === "parked") && (
          <Button size="small" onClick={() => void act(() => client.adoptShare(share.id))}>
            <CirclePlay size={14} /> Publish from here
          </Button>
        )}
        {isOpen(share) && share.state !== "revoking" && (
          <Button size="small" aria-expanded={shown === "links"} onClick={() => toggle("links")}>
            <Link2 size={14} /> Links
          </Button>
        )}
        <Button size="small" aria-expanded={shown === "audit"} onClick={() => toggle("audit")}>
          <Eye size={14} /> Who looked
        </Button>
        {isOpen(share) && share.state !== "revoking" && (
          <Button
            ref={takeBack}
            size="small"
            tone="danger"
            aria-expanded={shown === "revoke"}
            onClick={() => toggle("revoke")}
          >
            <Trash2 size={14} /> Take back
          </Button>
        )}
      </div>
      {shown === "revoke" && (
        <ConfirmRevoke
          meaning="Its links end, also for who is looking now, and the service deletes it. It cannot be brought back."
          onKeep={() => {
            setShown(undefined);
            takeBack.current?.focus();
          }}
          onRevoke={() => act(() => client.revokeShare(share.id))}
        />
      )}
      {shown === "links" && <ShareLinks shareId={share.id} canAdd={share.state !== "detached"} />}
      {shown === "audit" && (
        <AuditList read={async () => byOthers((await client.shareAudit(share.id)).items)} />
      )}
      {problem !== undefined && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
    </li>
  );
}
