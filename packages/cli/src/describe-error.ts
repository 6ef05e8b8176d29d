import { HoldfastApiError, HoldfastConnectionError, HoldfastContractError } from "@holdfast/client";
import { changeConflictSchema, riskReportSchema, visibleText } from "@holdfast/protocol";
import { conflictLine } from "./change-text.ts";
import { CliError } from "./exit-code.ts";
import { riskLines } from "./risk-text.ts";

/** What happened and what to do, for a person. */
export function describe(error: unknown): string {
  if (error instanceof HoldfastApiError) return describeRefusal(error);
  if (error instanceof HoldfastConnectionError) {
    return `${error.message}\nIs the server running? Start it with \`holdfast serve --detach\` (in the repository: \`npm start\`).`;
  }
  if (error instanceof CliError || error instanceof HoldfastContractError) return error.message;
  // What the system refuses, such as a file on a full disk, says what and where.
  if (error instanceof Error && "syscall" in error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function describeRefusal(error: HoldfastApiError): string {
  const lines = [visibleText(error.message, "words")];
  for (const issue of error.problem.issues ?? [])
    lines.push(visibleText(`  ${issue.path || "(body)"}: ${issue.message}`, "words"));
  lines.push(...factLines(error.problem));
  if (error.code === "BASE_DIVERGED") lines.push("Repeat with --onto-current to merge nevertheless.");
  if (error.code === "STALE")
    lines.push("It changed since it was read; look again with `holdfast changes list`.");
  if (error.code === "UNAUTHENTICATED") {
    lines.push(
      "The token is not this server's, or was replaced (`holdfast token rotate`). Set HOLDFAST_TOKEN to the one that holds now, or HOLDFAST_DATA_DIR to the server's data directory.",
    );
  }
  if (error.status >= 500) lines.push(`Request id: ${error.problem.requestId || "none"}.`);
  return lines.join("\n");
}

/** What a refusal tells besides its sentence, as far as it is known here: what would be lost, or which paths do not fit. */
function factLines(problem: HoldfastApiError["problem"]): string[] {
  const report = riskReportSchema.safeParse(problem["report"]);
  if (report.success) return [...riskLines(report.data), "Repeat with --discard to lose what is not kept."];
  const conflicts = changeConflictSchema.array().safeParse(problem["conflicts"]);
  if (conflicts.success) return conflicts.data.map(conflictLine);
  const holder = problem["holder"];
  return typeof holder === "string" ? [`Held by ${visibleText(holder, "line")}.`] : [];
}
