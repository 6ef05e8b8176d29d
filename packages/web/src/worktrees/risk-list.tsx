import type { Risk, RiskReport } from "@holdfast/protocol";
import { ShieldCheck, TriangleAlert } from "lucide-react";
import { Chip, Exact, Notice } from "../design/index.ts";
import { RISK_WORDS } from "./words.ts";

/** What a deletion would lose, each thing named, with whether the rescue keeps it (W-10). */
export function RiskList({ report }: { report: RiskReport }) {
  const { safe, risks } = report;
  return (
    <div className="flex flex-col gap-3">
      {safe ? (
        <Notice tone="good" role="status" icon={<ShieldCheck size={16} className="text-good" />}>
          Nothing would be lost.
        </Notice>
      ) : (
        <Notice tone="attention" role="status" icon={<TriangleAlert size={16} className="text-attention" />}>
          Look at this first. What is kept goes into a rescue, from which it can be restored for 30 days.
        </Notice>
      )}
      {risks.length > 0 && (
        <ul aria-label="Risks" className="divide-y divide-line rounded-lg border border-line">
          {risks.map((risk, index) => (
            <RiskRow key={`${risk.kind} ${index}`} risk={risk} />
          ))}
        </ul>
      )}
    </div>
  );
}

function RiskRow({ risk }: { risk: Risk }) {
  const { kind, message, count, paths = [], rescued } = risk;
  const more = (count ?? paths.length) - paths.length;
  return (
    <li className="flex flex-col gap-1 px-3 py-2 text-sm">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="min-w-0 flex-1 basis-40 font-medium">{RISK_WORDS[kind]}</span>
        <Chip tone={rescued ? "good" : "danger"}>{rescued ? "kept in the rescue" : "not kept"}</Chip>
      </span>
      <Exact text={message} as="words" className="break-words text-ink-soft" />
      {paths.length > 0 && (
        <details>
          <summary className="text-xs text-ink-soft pointer-coarse:min-h-11">
            {count ?? paths.length} {(count ?? paths.length) === 1 ? "path" : "paths"}
          </summary>
          <ul className="scroll-area max-h-40 font-mono text-xs break-all" tabIndex={0} aria-label="Paths">
            {paths.map((path) => (
              <li key={path}>
                <Exact text={path} />
              </li>
            ))}
            {more > 0 && <li className="font-sans text-ink-faint">and {more} more</li>}
          </ul>
        </details>
      )}
    </li>
  );
}
