import type { Share, SharePreview } from "@holdfast/protocol";
import { Globe } from "lucide-react";
import { useEffect, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Notice, Skeleton } from "../design/index.ts";
import { LastingField, TextField, Tick } from "./fields.tsx";
import { PreviewList } from "./preview-list.tsx";
import { DEFAULT_SHARE_MS, SHARE_LASTING } from "./words.ts";

type Includes = SharePreview["includes"];

type ShareFormProps = {
  sessionId: string;
  /** The share was made, and this link reads it. */
  onMade: (share: Share, link: string) => void;
  onCancel: () => void;
};

/** What leaves the machine, where it goes and for how long; nothing leaves before somebody says so here (S-17). */
export function ShareForm({ sessionId, onMade, onCancel }: ShareFormProps) {
  const client = useClient();
  const [includes, setIncludes] = useState<Includes>({ files: false, others: false });
  const { preview, problem, again } = usePreview(sessionId, includes);
  const [service, setService] = useState("");
  const [lasting, setLasting] = useState<number | undefined>(DEFAULT_SHARE_MS);
  const [refusal, setRefusal] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const share = async () => {
    if (preview === undefined) return;
    setBusy(true);
    setRefusal(undefined);
    try {
      const { link, share } = await client.createShare(sessionId, {
        previewId: preview.previewId,
        expiresAt: lasting === undefined ? null : Date.now() + lasting,
        ...(service.trim() === "" ? {} : { service: service.trim() }),
      });
      onMade(share, link.url);
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
      // A preview is good for ten minutes; another one is read before the next try.
      again();
    }
  };
  return (
    <div className="flex flex-col gap-4">
      {preview === undefined && problem === undefined && (
        <Skeleton lines={4} label="Looking at what would leave this machine" />
      )}
      {preview !== undefined && <PreviewList preview={preview} />}
      {problem !== undefined && (
        <Notice
          tone="danger"
          role="alert"
          action={
            <Button size="small" onClick={again}>
              Try again
            </Button>
          }
        >
          {problem}
        </Notice>
      )}
      <Tick
        label="Images and other files"
        meaning="Their content goes too, as it is: nobody can mask a picture."
        isChecked={includes.files}
        onChange={(files) => setIncludes({ ...includes, files })}
      />
      <Tick
        label="Changes that others made to the same files"
        meaning="Of you, of other sessions, or of nobody knows whom."
        isChecked={includes.others}
        onChange={(others) => setIncludes({ ...includes, others })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Service"
          value={service}
          placeholder="as it is configured"
          hint="Who keeps the copy. Empty: the one of this Holdfast."
          onChange={setService}
        />
        <LastingField label="Readable for" choices={SHARE_LASTING} value={lasting} onChange={setLasting} />
      </div>
      {refusal !== undefined && (
        <Notice tone="danger" role="alert">
          {refusal}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button tone="primary" disabled={preview === undefined || isBusy} onClick={() => void share()}>
          <Globe size={14} /> {isBusy ? "Sharing" : "Share it"}
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </div>
  );
}

/** What would leave with these choices; read again when they change. */
function usePreview(sessionId: string, { files, others }: Includes) {
  const client = useClient();
  const [preview, setPreview] = useState<SharePreview | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [count, setCount] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setProblem(undefined);
    client
      .previewShare(sessionId, { includes: { files, others } }, { signal: stop.signal })
      .then(setPreview, (error: unknown) => {
        if (!stop.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
      });
    return () => stop.abort();
  }, [client, sessionId, files, others, count]);
  return { preview, problem, again: () => setCount(count + 1) };
}
