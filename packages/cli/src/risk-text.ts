import type { RiskReport } from "@holdfast/protocol";
import { exactLine, oneLine } from "./output.ts";

/** Paths of one risk that are named. */
const MAX_NAMED = 5;

/** What a deletion would lose, one line each (W-10). */
export function riskLines(report: RiskReport): string[] {
  if (report.safe) return ["Nothing would be lost by removing it."];
  return report.risks.map(({ kind, message, paths = [], count, rescued }) => {
    const named = paths.slice(0, MAX_NAMED).map((path) => exactLine(path));
    const more = (count ?? paths.length) - named.length;
    const list = [...named, ...(named.length > 0 && more > 0 ? [`${more} more`] : [])].join(", ");
    const fate = rescued ? "kept in a rescue ref" : "not kept";
    const said = oneLine(message, 200);
    return `  ${kind}: ${list === "" ? said : `${said.replace(/\.$/, ":")} ${list}`} [${fate}]`;
  });
}
