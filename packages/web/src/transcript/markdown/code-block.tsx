import { Check, Copy } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { IconButton, useIsStatic } from "../../design/index.ts";
import { highlight } from "./highlight.ts";

/** How long the copy button says that it copied, in ms. */
const COPIED_MS = 1_500;

/** Code with its colours, once its fence is closed; before that it is plain, so that nothing flickers. */
export const CodeBlock = memo(function CodeBlock(props: { code: string; language: string; isOpen: boolean }) {
  const { code, language, isOpen } = props;
  const isStatic = useIsStatic();
  const [coloured, setColoured] = useState<{ code: string; html: string } | undefined>();
  useEffect(() => {
    if (isOpen || language === "") return;
    let isWanted = true;
    void highlight(code, language).then(
      (html) => isWanted && html !== undefined && setColoured({ code, html }),
    );
    return () => {
      isWanted = false;
    };
  }, [code, language, isOpen]);
  return (
    <figure className="group/code relative my-2 overflow-hidden rounded-md border border-line bg-sunken">
      <figcaption className="flex h-8 items-center justify-between border-b border-line pl-3 text-xs text-ink-faint">
        {language === "" ? "text" : language}
        {!isStatic && <CopyButton text={code} />}
      </figcaption>
      <pre tabIndex={0} dir="ltr" className="overflow-x-auto px-3 py-2 font-mono text-sm text-(--code-ink)">
        {coloured?.code === code ? (
          <code dangerouslySetInnerHTML={{ __html: coloured.html }} />
        ) : (
          <code>{code}</code>
        )}
      </pre>
    </figure>
  );
});

/** Copies `text`, and says so. */
export function CopyButton({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <IconButton
      label={isCopied ? "Copied" : "Copy"}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {isCopied ? <Check size={14} /> : <Copy size={14} />}
    </IconButton>
  );
}
