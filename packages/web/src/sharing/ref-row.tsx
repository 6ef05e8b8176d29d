import type { HoldfastClient } from "@holdfast/client";
import { type Grant, visibleText } from "@holdfast/protocol";
import { Eye, Trash2 } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { useClient, useNow } from "../data/index.ts";
import { ago, Button, Chip, Exact, dateTime } from "../design/index.ts";
import { AuditList } from "./audit-list.tsx";
import { ConfirmRevoke } from "./confirm-revoke.tsx";
import { ENDED_WORDS, RIGHT_WORDS } from "./words.ts";

type RefRowProps = { grant: Grant; title?: ReactNode; onChange: (grant: Grant) => void };

/** One ref: whose it is, what it allows, until when, how it was used, and how it is taken back with all that were made from it. */
export function RefRow({ grant, title, onChange }: RefRowProps) {
  const client = useClient();
  const now = useNow(60_000);
  const [problem, setProblem] = useState<string | undefined>();
  const [shown, setShown] = useState<"audit" | "revoke" | undefined>();
  const takeBack = useRef<HTMLButtonElement>(null);
  const { label, rights, caveats, ended, uses, time } = grant;
  const revoke = async () => {
    setProblem(undefined);
    try {
      onChange(await revokeRef(client, grant));
      setShown(undefined);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const limits = [
    caveats.tools === undefined ? undefined : `tools ${caveats.tools.join(", ")}`,
    caveats.paths === undefined ? undefined : `below ${caveats.paths.join(", ")}`,
    caveats.maxUses === undefined ? undefined : `${uses} of ${caveats.maxUses} uses`,
    caveats.expiresAt === undefined || ended !== undefined
      ? undefined
      : `until ${dateTime(caveats.expiresAt)}`,
    time.lastUsed === undefined ? "never used" : `last used ${ago(time.lastUsed, now)}`,
    isFirst(grant) ? undefined : "made from another link",
  ].filter((limit) => limit !== undefined);
  return (
    <li
      aria-label={`Link ${visibleText(label, "words")}`}
      className="flex flex-col gap-1.5 px-3 py-2.5 text-sm"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 flex-1 basis-40">
          {title}
          <Exact text={label === "" ? "Without a name" : label} as="words" className="font-medium" />
        </span>
        {ended !== undefined && <Chip>{ENDED_WORDS[ended]}</Chip>}
      </div>
      <div className="flex flex-wrap gap-1.5">
        {rights.map((right) => (
          <Chip key={right} tone={right === "prompt" && ended === undefined ? "danger" : "neutral"}>
            {RIGHT_WORDS[right].label}
          </Chip>
        ))}
      </div>
      <p className="text-xs break-words text-ink-soft">{limits.join(" · ")}</p>
      <div className="flex flex-wrap gap-2">
        <Button
          size="small"
          aria-expanded={shown === "audit"}
          onClick={() => setShown(shown === "audit" ? undefined : "audit")}
        >
          <Eye size={14} /> What was done with it
        </Button>
        {ended === undefined && (
          <Button
            ref={takeBack}
            size="small"
            tone="danger"
            aria-expanded={shown === "revoke"}
            onClick={() => setShown(shown === "revoke" ? undefined : "revoke")}
          >
            <Trash2 size={14} /> Take back
          </Button>
        )}
      </div>
      {shown === "revoke" && (
        <ConfirmRevoke
          meaning={meaningOf(grant)}
          onKeep={() => {
            setShown(undefined);
            takeBack.current?.focus();
          }}
          onRevoke={revoke}
        />
      )}
      {shown === "audit" && <AuditList read={() => readAudit(client, grant, onChange)} />}
      {problem !== undefined && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
    </li>
  );
}

/** Made by the owner, and not from a link that somebody has. A copy's own are below its publisher's. */
const isFirst = ({ parentId, rootId, target }: Grant): boolean =>
  parentId === undefined || (target.kind === "share" && parentId === rootId);

/** What ends with it: who prompted through it loses what waits and what runs. */
function meaningOf({ rights }: Grant): string {
  const all = "It ends at once, with all links that were made from it.";
  return rights.includes("prompt")
    ? `${all} What was asked through it is taken out of the queue, and stopped.`
    : all;
}

/** One on a share ends once its service was told. */
async function revokeRef(client: HoldfastClient, grant: Grant): Promise<Grant> {
  const { id, target } = grant;
  if (target.kind === "session") return client.revokeRef(id);
  await client.revokeShareRef(target.id, { refId: id });
  return { ...grant, ended: "revoked" };
}

/** With it comes how the ref was used last, of which no event tells. */
async function readAudit(client: HoldfastClient, { id, target }: Grant, onChange: (grant: Grant) => void) {
  if (target.kind === "share") return (await client.shareAudit(target.id, { refId: id })).items;
  onChange(await client.getRef(id));
  return (await client.refAudit(id)).items;
}
