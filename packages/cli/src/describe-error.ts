import { HoldfastApiError, HoldfastConnectionError, HoldfastContractError } from "@holdfast/client";
import { CliError } from "./exit-code.ts";

/** What happened and what to do, for a person. */
export function describe(error: unknown): string {
  if (error instanceof HoldfastApiError) return describeRefusal(error);
  if (error instanceof HoldfastConnectionError) {
    return `${error.message}\nIs the server running? Start it with \`holdfast serve\` (in the repository: \`npm start\`).`;
  }
  if (error instanceof CliError || error instanceof HoldfastContractError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function describeRefusal(error: HoldfastApiError): string {
  const lines = [error.message];
  for (const issue of error.problem.issues ?? []) lines.push(`  ${issue.path || "(body)"}: ${issue.message}`);
  if (error.code === "UNAUTHENTICATED") {
    lines.push(
      "The token is not this server's. Set HOLDFAST_TOKEN, or HOLDFAST_DATA_DIR to the server's data directory.",
    );
  }
  if (error.status >= 500) lines.push(`Request id: ${error.problem.requestId || "none"}.`);
  return lines.join("\n");
}
