import { type FilePart, fileLabel } from "@holdfast/protocol";
import { Download, FileText } from "lucide-react";
import { useState } from "react";
import { useClient } from "../data/index.ts";
import { Exact, IconButton } from "../design/index.ts";

const BLOB = "blob:";

type AttachmentProps = {
  part: Pick<FilePart, "mime" | "filename" | "url" | "source">;
  sessionId: string;
};

/** A file that came with a message or a result: its name, and its content to keep where we have it. Content from elsewhere is never loaded by itself. */
export function Attachment({ part, sessionId }: AttachmentProps) {
  const isOurs = part.url.startsWith(BLOB);
  return (
    <span
      title={isOurs ? part.mime : part.url}
      className="inline-flex max-w-full items-center gap-1.5 rounded-md border border-line bg-surface px-2 py-1 text-sm"
    >
      <FileText size={14} className="shrink-0 text-ink-faint" />
      <Exact text={fileLabel(part)} as="words" className="truncate" />
      {isOurs && <Keep part={part} sessionId={sessionId} />}
    </span>
  );
}

function Keep({ part, sessionId }: AttachmentProps) {
  const client = useClient();
  const [problem, setProblem] = useState<string | undefined>();
  const keep = async () => {
    try {
      const bytes = await client.readBlob(sessionId, part.url.slice(BLOB.length));
      // As bytes of no type: the browser saves it and opens nothing.
      save(new Blob([bytes], { type: "application/octet-stream" }), fileLabel(part));
      setProblem(undefined);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <IconButton label={`Save ${fileLabel(part)}`} onClick={() => void keep()}>
        <Download size={14} />
      </IconButton>
      {problem !== undefined && (
        <span role="alert" className="text-xs text-danger">
          {problem}
        </span>
      )}
    </>
  );
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}

/** How long the browser has to take the content, in ms. */
const REVOKE_MS = 60_000;
