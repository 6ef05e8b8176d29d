import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import { classes } from "./class-names.ts";
import { useIsStatic } from "./static.tsx";

type FoldProps = {
  /** What stands there always. */
  head: (isOpen: boolean) => ReactNode;
  headClassName: string;
  /** Whether it is open until somebody says otherwise. */
  isOpen?: boolean;
  /** False: there is nothing to unfold. */
  hasContent?: boolean;
  /** Stands between head and content whether that is shown or not. */
  between?: ReactNode;
  content: () => ReactNode;
};

/** A line that opens to what is below it. The content is made when it is shown; in a static document the browser unfolds it (S-12). */
export function Fold({
  head,
  headClassName,
  isOpen = false,
  hasContent = true,
  between,
  content,
}: FoldProps) {
  const isStatic = useIsStatic();
  const [chosen, setChosen] = useState<boolean | undefined>();
  const isShown = hasContent && (chosen ?? isOpen);
  if (isStatic && hasContent)
    return (
      <details open={isOpen} className="group/fold">
        <summary
          className={classes("cursor-pointer list-none [&::-webkit-details-marker]:hidden", headClassName)}
        >
          {head(false)}
        </summary>
        {between}
        {content()}
      </details>
    );
  return (
    <>
      <button
        type="button"
        aria-expanded={isShown}
        disabled={!hasContent}
        onClick={() => setChosen(!isShown)}
        className={headClassName}
      >
        {head(isShown)}
      </button>
      {between}
      {isShown && content()}
    </>
  );
}

/** The mark of a fold, which shows whether it is open. */
export function FoldMark({ isOpen, className }: { isOpen: boolean; className?: string }) {
  return (
    <ChevronRight
      size={14}
      className={classes("shrink-0 group-open/fold:rotate-90", isOpen && "rotate-90", className)}
    />
  );
}
