import type { ServiceShare } from "@holdfast/protocol";
import { useState } from "react";
import { useNow } from "../data/index.ts";
import { ago, Button, Chip, Empty, Exact, moment, type Tone } from "../design/index.ts";

const TONES: Record<ServiceShare["state"], Tone> = {
  live: "good",
  hidden: "attention",
  expired: "neutral",
  revoked: "neutral",
};
const WORDS: Record<ServiceShare["state"], string> = {
  live: "shown",
  hidden: "hidden until its publisher confirms it",
  expired: "expired",
  revoked: "taken back",
};

const MIB = 1024 * 1024;

const isKept = ({ state }: ServiceShare): boolean => state === "live" || state === "hidden";

const sizeOf = ({ bytes, quota }: ServiceShare): string =>
  `${(bytes / MIB).toFixed(1)} of ${Math.round(quota / MIB)} MB`;

export type ShareListPage = { items: readonly ServiceShare[]; next?: string | undefined };

type ListPageProps = { first: ShareListPage; more: (before: string) => Promise<ShareListPage> };

/** All shares that were made with one publish key. It leads nowhere: links are secrets that this service does not have. */
export function ListPage({ first, more }: ListPageProps) {
  const [{ items, next }, setPage] = useState(first);
  const [problem, setProblem] = useState<string | undefined>();
  const now = useNow(60_000);
  const load = async (before: string) => {
    try {
      const page = await more(before);
      setPage({ items: [...items, ...page.items], next: page.next });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <main className="mx-auto min-h-full w-full max-w-3xl px-4 py-6">
      <h1 className="text-xl font-semibold">Shares of this key</h1>
      <p className="mt-1 text-sm text-ink-soft">
        What this service keeps for the publish key that opened this page. Links are not here: a service does
        not know their secrets.
      </p>
      {items.length === 0 && (
        <Empty title="Nothing is shared">What is shared with this key appears here.</Empty>
      )}
      <ul className="mt-4 divide-y divide-line border-y border-line">
        {items.map((share) => (
          <li key={share.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2 text-sm">
            <span className="min-w-0 flex-1 basis-56">
              {share.title === "" ? (
                <span className="block text-ink-soft">What it was is deleted</span>
              ) : (
                <Exact text={share.title} as="words" className="block truncate font-medium" />
              )}
              <span className="font-mono text-xs break-all text-ink-faint">{share.id}</span>
            </span>
            <Chip tone={TONES[share.state]}>{WORDS[share.state]}</Chip>
            <span className="text-xs text-ink-soft tabular-nums">
              {isKept(share) && `${sizeOf(share)} · ${share.viewers} looking · `}
              <span title={moment(share.time.updated)}>{ago(share.time.updated, now)}</span>
            </span>
          </li>
        ))}
      </ul>
      {problem !== undefined && (
        <p role="alert" className="mt-3 text-sm text-danger">
          {problem}
        </p>
      )}
      {next !== undefined && (
        <Button className="mt-4" onClick={() => void load(next)}>
          Show more
        </Button>
      )}
    </main>
  );
}
