import { type FilePart, fileLabel } from "@holdfast/protocol";
import { FileText } from "lucide-react";
import { Exact } from "../design/index.ts";

/** A file that came with a message: its name. Content from elsewhere is never loaded by itself. */
export function Attachment({ part }: { part: FilePart; sessionId: string }) {
  return (
    <span
      title={part.url.startsWith("blob:") ? part.mime : part.url}
      className="inline-flex max-w-full items-center gap-1.5 rounded-md border border-line bg-surface px-2 py-1 text-sm"
    >
      <FileText size={14} className="shrink-0 text-ink-faint" />
      <Exact text={fileLabel(part)} as="words" className="truncate" />
    </span>
  );
}
