import { type FilePart, fileLabel } from "@holdfast/protocol";
import { Download, FileText } from "lucide-react";
import { useState } from "react";
import { useClient } from "../data/index.ts";
import { Exact, IconButton } from "../design/index.ts";
import { type Reader, useReader } from "./reader.tsx";

const BLOB = "blob:";

type AttachmentProps = {
  part: Pick<FilePart, "mime" | "filename" | "url" | "source">;
  sessionId: string;
};

/** A file that came with a message or a result: its name, and its content to keep where we have it. Content from elsewhere is never loaded by itself. */
export function Attachment({ part, sessionId }: AttachmentProps) {
  const isOurs = part.url.startsWith(BLOB);
  const reader = useReader();
  return (
    <span
      title={isOurs || reader !== undefined ? part.mime : part.url}
      className="inline-flex max-w-full items-center gap-1.5 rounded-md border border-line bg-surface px-2 py-1 text-sm"
    >
      <FileText size={14} className="shrink-0 text-ink-faint" />
      <Exact text={fileLabel(part)} as="words" className="truncate" />
      {isOurs &&
        (reader === undefined ? (
          <KeepOwn part={part} sessionId={sessionId} />
        ) : (
          <KeepShared part={part} blobs={reader.blobs} />
        ))}
      {!isOurs && reader !== undefined && <span className="text-ink-faint">(not shared)</span>}
    </span>
  );
}

function KeepOwn({ part, sessionId }: AttachmentProps) {
  const client = useClient();
  return <Keep part={part} read={(hash) => client.readBlob(sessionId, hash)} />;
}

function KeepShared({ part, blobs }: Pick<AttachmentProps, "part"> & Pick<Reader, "blobs">) {
  if ("read" in blobs) return <Keep part={part} read={blobs.read} />;
  return (
    <a
      href={blobs.hrefOf(part.url.slice(BLOB.length))}
      download={fileLabel(part)}
      aria-label={`Save ${fileLabel(part)}`}
      className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-soft hover:bg-hover pointer-coarse:size-11"
    >
      <Download size={14} />
    </a>
  );
}

type KeepProps = Pick<AttachmentProps, "part"> & { read: (hash: string) => Promise<Uint8Array<ArrayBuffer>> };

function Keep({ part, read }: KeepProps) {
  const [problem, setProblem] = useState<string | undefined>();
  const keep = async () => {
    try {
      const bytes = await read(part.url.slice(BLOB.length));
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
