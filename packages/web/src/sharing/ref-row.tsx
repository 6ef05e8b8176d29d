import type { Grant } from "@holdfast/protocol";
import { Eye, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useClient, useNow } from "../data/index.ts";
import { ago, Button, Chip, Exact, moment } from "../design/index.ts";
import { AuditList } from "./audit-list.tsx";
import { ENDED_WORDS, RIGHT_WORDS } from "./words.ts";

type RefRowProps = { grant: Grant; title?: ReactNode; onChange: (grant: Grant) => void };

/** One ref: whose it is, what it allows, until when, how it was used, and how it is taken back with all that were made from it. */
export function RefRow({ grant, title, onChange }: RefRowProps) {
  const client = useClient();
  const now = useNow(60_000);
  const [problem, setProblem] = useState<string | undefined>();
  const [hasAudit, setAudit] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { label, rights, caveats, ended, uses, time, parentId } = grant;
  const revoke = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      onChange(await client.revokeRef(grant.id));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setAsked(false);
  };
  const limits = [
    caveats.tools === undefined ? undefined : `tools ${caveats.tools.join(", ")}`,
    caveats.paths === undefined ? undefined : `below ${caveats.paths.join(", ")}`,
    caveats.maxUses === undefined ? undefined : `${uses} of ${caveats.maxUses} uses`,
    caveats.expiresAt === undefined || ended !== undefined ? undefined : `until ${moment(caveats.expiresAt)}`,
    time.lastUsed === undefined ? "never used" : `last used ${ago(time.lastUsed, now)}`,
    parentId === undefined ? undefined : "made from another link",
  ].filter((limit) => limit !== undefined);
  return (
    <li aria-label={`Link ${label}`} className="flex flex-col gap-1.5 px-3 py-2.5 text-sm">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 flex-1 basis-40">
          {title}
          <Exact text={label === "" ? "Without a name" : label} as="words" className="font-medium" />
        </span>
        {rights.map((right) => (
          <Chip key={right} tone={right === "prompt" && ended === undefined ? "danger" : "neutral"}>
            {RIGHT_WORDS[right].label}
          </Chip>
        ))}
        {ended !== undefined && <Chip tone="attention">{ENDED_WORDS[ended]}</Chip>}
      </div>
      <p className="text-xs break-words text-ink-soft">{limits.join(" · ")}</p>
      <div className="flex flex-wrap gap-2">
        <Button size="small" aria-expanded={hasAudit} onClick={() => setAudit(!hasAudit)}>
          <Eye size={14} /> What was done with it
        </Button>
        {ended === undefined && (
          <Button size="small" tone="danger" disabled={isAsked} onClick={() => void revoke()}>
            <Trash2 size={14} /> Take back
          </Button>
        )}
      </div>
      {hasAudit && <AuditList read={async () => (await client.refAudit(grant.id)).items} />}
      {problem !== undefined && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
    </li>
  );
}
