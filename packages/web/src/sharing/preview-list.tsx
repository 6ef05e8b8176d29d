import type { MaskKind, SharePreview } from "@holdfast/protocol";
import { EyeOff, FileText } from "lucide-react";
import { Exact } from "../design/index.ts";

/** Entries of a list that are shown at once. */
const SHOWN = 50;
const KIB = 1024;

/** What was masked, in words. */
const KINDS: Record<MaskKind, string> = {
  known: "a secret of this machine",
  key: "a private key",
  token: "what looks like a token",
  password: "what stands behind the name of a password",
  address: "a password in an address",
  data: "a file inside of a text",
  random: "what looks like chance",
};

const CONTENT = {
  included: "goes along",
  withheld: "only its name goes",
  gone: "its content is gone",
} as const;

/** What of a session leaves the machine, and what of that is masked: its kind and its place, never its value (S-34). */
export function PreviewList({ preview }: { preview: SharePreview }) {
  const { counts, masked, files } = preview;
  const rows = [
    plural(counts.messages, "message"),
    plural(counts.parts, "part"),
    plural(counts.changes, "change"),
    counts.omitted > 0 ? `${plural(counts.omitted, "row")} left out` : undefined,
    `${Math.ceil(counts.bytes / KIB).toLocaleString()} KB of text`,
  ].filter((row) => row !== undefined);
  return (
    <div className="flex flex-col gap-3 text-sm">
      <p>
        <span className="font-medium">Leaves this machine now:</span> {rows.join(", ")}.
      </p>
      <section aria-label="Masked">
        <h3 className="flex items-center gap-1.5 font-medium">
          <EyeOff size={14} className="shrink-0 text-ink-faint" />
          {counts.masked === 0
            ? "Nothing was found that looks like a secret"
            : `${plural(counts.masked, "value")} masked`}
        </h3>
        {masked.length > 0 && (
          <ul className="mt-1 max-h-40 overflow-auto pl-5 text-xs text-ink-soft" tabIndex={0}>
            {masked.slice(0, SHOWN).map(({ kind, count, places }, index) => (
              <li key={index}>
                {KINDS[kind]}, {count === 1 ? "once" : `${count.toLocaleString()} times`}, in{" "}
                {[...new Set(places.map(({ what }) => what))].join(", ")}
              </li>
            ))}
            {counts.masked > SHOWN && <li>and {(counts.masked - SHOWN).toLocaleString()} more</li>}
          </ul>
        )}
      </section>
      {files.length > 0 && (
        <section aria-label="Files">
          <h3 className="flex items-center gap-1.5 font-medium">
            <FileText size={14} className="shrink-0 text-ink-faint" /> {plural(counts.files, "file")}
          </h3>
          <ul className="mt-1 max-h-40 overflow-auto pl-5 text-xs text-ink-soft" tabIndex={0}>
            {files.slice(0, SHOWN).map(({ filename, mime, content }, index) => (
              <li key={index}>
                <Exact text={filename ?? mime} className="font-mono break-all" />: {CONTENT[content]}
              </li>
            ))}
            {counts.files > SHOWN && <li>and {(counts.files - SHOWN).toLocaleString()} more</li>}
          </ul>
        </section>
      )}
      <p className="text-xs text-ink-soft">{preview.warning}</p>
    </div>
  );
}

const plural = (count: number, word: string): string =>
  `${count.toLocaleString()} ${count === 1 ? word : `${word}s`}`;
