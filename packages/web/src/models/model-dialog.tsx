import type { ListedModel, Model, ModelList } from "@holdfast/protocol";
import { Check } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { classes, Dialog, Exact, Notice, Skeleton } from "../design/index.ts";
import { ranked } from "../ranking/index.ts";
import { findListed, priceWords, searchText, tokensWords } from "./words.ts";

type ModelDialogProps = {
  models: ModelList | undefined;
  chosen: Model | undefined;
  onChoose: (model: Model | null) => void;
  onClose: () => void;
};

/** The first entry: no choice of its own. */
type Entry = ListedModel | "default";

/** Every model that there is, with what it holds and costs, found by a few letters; arrow keys and Enter take one. */
export function ModelDialog({ models, chosen, onChoose, onClose }: ModelDialogProps) {
  const items = models?.items ?? [];
  const current = chosen === undefined ? "default" : findListed(items, chosen);
  const [words, setWords] = useState("");
  const [moved, setActive] = useState<number | undefined>();
  const listId = useId();
  const list = useRef<HTMLUListElement>(null);
  const found: Entry[] = words.trim() === "" ? ["default", ...items] : ranked(items, searchText, words);
  const usual = items.find(({ isDefault }) => isDefault);
  const offered = current === "default" ? usual : current;
  const active = moved ?? (words.trim() === "" && current !== undefined ? found.indexOf(current) : 0);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onChoose(entry === "default" ? null : { providerId: entry.providerId, modelId: entry.modelId });
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) choose(found[active]);
    else setActive((active + step + found.length) % Math.max(1, found.length));
  };
  return (
    <Dialog
      label="Models"
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] max-h-[84dvh] flex-col overflow-hidden open:flex"
    >
      <input
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${active}` : undefined}
        aria-label="Find a model"
        placeholder="Find a model"
        spellCheck={false}
        autoCapitalize="off"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          setActive(undefined);
        }}
        onKeyDown={press}
        className="h-12 w-full shrink-0 border-b border-line bg-transparent px-4 outline-none placeholder:text-ink-faint pointer-coarse:text-[1rem]"
      />
      {models === undefined ? (
        <div className="p-4">
          <Skeleton lines={4} label="Looking for models" />
        </div>
      ) : (
        <ul ref={list} id={listId} role="listbox" aria-label="Models" className="scroll-area min-h-0 p-1.5">
          {found.map((entry, index) => (
            <li
              key={entry === "default" ? entry : entry.id}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === active}
              onMouseMove={() => setActive(index)}
              onClick={() => choose(entry)}
              className={classes(
                "flex min-h-11 cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm",
                index === active && "bg-selected",
              )}
            >
              {entry === "default" ? <Usual model={usual} /> : <Facts model={entry} />}
              <Check
                size={15}
                aria-label={entry === current ? "Chosen" : undefined}
                className={classes("shrink-0 text-accent", entry !== current && "invisible")}
              />
            </li>
          ))}
          {found.length === 0 && (
            <li className="px-2.5 py-4 text-center text-sm text-ink-faint">No model has these letters.</li>
          )}
        </ul>
      )}
      {offered !== undefined && offered.variants.length > 0 && (
        <Variants model={offered} chosen={chosen?.variant} onChoose={onChoose} />
      )}
      {models?.problem !== undefined && (
        <div className="shrink-0 border-t border-line p-2.5">
          <Notice tone="attention" role="status">
            <Exact text={models.problem} as="words" />
          </Notice>
        </div>
      )}
    </Dialog>
  );
}

/** How the model works, where it lets one choose, such as how much it thinks. Choosing one chooses the model too. */
function Variants({
  model: { name, providerId, modelId, variants },
  chosen = "",
  onChoose,
}: {
  model: ListedModel;
  chosen: string | undefined;
  onChoose: (model: Model) => void;
}) {
  const isGone = chosen !== "" && !variants.includes(chosen);
  return (
    <label className="flex shrink-0 items-center gap-3 border-t border-line px-4 py-2 text-sm">
      <span className="min-w-0 flex-1 truncate">
        Variant of <Exact text={name} as="words" />
      </span>
      <select
        value={chosen}
        onChange={({ target: { value } }) =>
          onChoose({ providerId, modelId, ...(value === "" ? {} : { variant: value }) })
        }
        className="h-8 rounded-md border border-line bg-transparent px-2 pointer-coarse:h-11 pointer-coarse:text-[1rem]"
      >
        <option value="">Usual</option>
        {isGone && <option value={chosen}>{chosen} (not there any more)</option>}
        {variants.map((variant) => (
          <option key={variant} value={variant}>
            {variant}
          </option>
        ))}
      </select>
    </label>
  );
}

function Usual({ model }: { model: ListedModel | undefined }) {
  return (
    <span className="flex min-w-0 flex-1 flex-col">
      <span className="font-medium">Default</span>
      <span className="truncate text-xs text-ink-soft">
        What the server is set to
        {model !== undefined && (
          <>
            , now <Exact text={model.name} as="words" />
          </>
        )}
      </span>
    </span>
  );
}

/** Its name and id; what it holds and costs beside them, below them where there is no room. */
function Facts({ model }: { model: ListedModel }) {
  const price = priceWords(model);
  return (
    <span className="flex min-w-0 flex-1 flex-col sm:flex-row sm:items-center sm:gap-3">
      <span className="flex min-w-0 flex-col sm:flex-1">
        <Exact text={model.name} as="words" className="truncate font-medium" />
        <Exact text={model.id} className="truncate font-mono text-xs text-ink-soft" />
      </span>
      <span className="flex gap-x-2 text-xs text-ink-soft tabular-nums sm:flex-col sm:items-end">
        <span>
          {model.context === undefined ? "Context not known" : `${tokensWords(model.context)} context`}
        </span>
        <span>{price ?? "Price not known"}</span>
      </span>
    </span>
  );
}
