import type { Model } from "@holdfast/protocol";
import { ChevronDown } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useApp, useLibrary } from "../data/index.ts";
import { classes, Exact } from "../design/index.ts";
import { chosenName, findListed } from "./words.ts";

const ModelDialog = lazy(async () => ({ default: (await import("./model-dialog.tsx")).ModelDialog }));

type ModelPickerProps = {
  /** Nothing: what turns without a model get. */
  chosen: Model | undefined;
  /** `null`: again what turns without a model get. */
  onChoose: (model: Model | null) => void;
  className?: string;
};

/** Which model a native agent works with. One that is no longer there is in `attention`: its turns do not start. */
export function ModelPicker({ chosen, onChoose, className }: ModelPickerProps) {
  const { library } = useApp();
  const { models } = useLibrary();
  const [isOpen, setOpen] = useState(false);
  const items = models?.items ?? [];
  const name = chosenName(items, chosen);
  const isGone = models !== undefined && chosen !== undefined && findListed(items, chosen) === undefined;
  const open = () => {
    setOpen(true);
    // Keys and settings are no event; a list that is a little old is still of use.
    library.refreshAgents().catch(() => undefined);
  };
  return (
    <>
      <button
        type="button"
        aria-label={`Model: ${name}`}
        aria-haspopup="dialog"
        title={isGone ? "This model is not there any more" : undefined}
        onClick={open}
        className={classes("flex items-center gap-1", isGone && "text-attention", className)}
      >
        <Exact text={name} as="words" className="min-w-0 truncate" />
        <ChevronDown size={14} className="ml-auto shrink-0 text-ink-faint" />
      </button>
      {isOpen && (
        <Suspense>
          <ModelDialog
            models={models}
            chosen={chosen}
            onClose={() => setOpen(false)}
            onChoose={(model) => {
              setOpen(false);
              onChoose(model);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
