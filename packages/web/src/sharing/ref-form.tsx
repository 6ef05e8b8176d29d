import type { CreateRef, GrantTarget } from "@holdfast/protocol";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Button, Notice } from "../design/index.ts";
import { LastingField, TextField, Tick } from "./fields.tsx";
import {
  COPY_REF_LASTING,
  COPY_RIGHTS,
  defaultRefMs,
  GIVEN_RIGHTS,
  type Lasting,
  REF_LASTING,
  RIGHT_WORDS,
} from "./words.ts";

type LiveRight = CreateRef["rights"][number];

type RefFormProps = {
  target: GrantTarget;
  /** Makes it; rejects with the reason. */
  onMake: (wish: CreateRef) => Promise<void>;
  onCancel: () => void;
};

/** What a ref may be, by what it leads to. */
const OF_TARGET: Record<GrantTarget["kind"], { rights: readonly LiveRight[]; choices: readonly Lasting[] }> =
  {
    session: { rights: GIVEN_RIGHTS, choices: REF_LASTING },
    share: { rights: COPY_RIGHTS, choices: COPY_REF_LASTING },
  };

const listOf = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** Whom one lets in, and to what: each right with what it means, before anybody has it (S-14, S-28). */
export function RefForm({ target, onMake, onCancel }: RefFormProps) {
  const [chosen, setChosen] = useState<readonly LiveRight[]>(["read"]);
  const [label, setLabel] = useState("");
  const [lasting, setLasting] = useState<Pick<Lasting, "ms"> | undefined>();
  const [tools, setTools] = useState("");
  const [paths, setPaths] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const { rights, choices } = OF_TARGET[target.kind];
  const { ms } = lasting ?? { ms: defaultRefMs(chosen) };
  const mayApprove = chosen.includes("approve");
  const canPrompt = chosen.includes("prompt");
  const make = async () => {
    setBusy(true);
    setProblem(undefined);
    // With `prompt` such limits would be no limits, so the server refuses them (S-14).
    const isLimited = mayApprove && !canPrompt;
    const [ofTools, ofPaths] = isLimited ? [listOf(tools), listOf(paths)] : [[], []];
    try {
      await onMake({
        target,
        rights: [...chosen],
        label: label.trim(),
        expiresAt: ms === undefined ? null : Date.now() + ms,
        ...(ofTools.length > 0 ? { tools: ofTools } : {}),
        ...(ofPaths.length > 0 ? { paths: ofPaths } : {}),
      });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <TextField
        label="For whom"
        value={label}
        placeholder="Ada, for the review"
        hint="Stands beside everything that is done with it."
        onChange={setLabel}
      />
      <fieldset className="flex flex-col gap-2.5">
        <legend className="mb-1.5 text-sm font-medium">May</legend>
        {rights.map((right) => (
          <Tick
            key={right}
            label={RIGHT_WORDS[right].label}
            meaning={RIGHT_WORDS[right].meaning}
            isChecked={chosen.includes(right)}
            isFixed={right === "read"}
            isDangerous={right === "prompt"}
            onChange={(isOn) =>
              setChosen(isOn ? [...chosen, right] : chosen.filter((other) => other !== right))
            }
          />
        ))}
      </fieldset>
      {canPrompt && (
        <Notice tone="danger">
          Agents ask before they act in turns of this link, and an agent that cannot ask refuses them. Give it
          to nobody whom you would not let use your machine.
        </Notice>
      )}
      {mayApprove && !canPrompt && (
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Only for these tools"
            value={tools}
            placeholder="all"
            hint="Names, with commas between."
            onChange={setTools}
          />
          <TextField
            label="Only below these paths"
            value={paths}
            placeholder="all"
            hint="Of the workspace, with commas between."
            onChange={setPaths}
          />
        </div>
      )}
      <LastingField
        label="Works for"
        choices={choices}
        value={ms}
        onChange={(next) => setLasting({ ms: next })}
      />
      {problem !== undefined && (
        <Notice tone="danger" role="alert">
          {problem}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" tone={canPrompt ? "danger" : "primary"} disabled={isBusy}>
          <KeyRound size={14} /> Make the link
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}
