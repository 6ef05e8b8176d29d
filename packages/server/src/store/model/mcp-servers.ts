/** MCP servers as they are stored, changed and shown. Pure. */
import { HoldfastError, redact } from "@holdfast/kernel";
import {
  MCP_LIMITS,
  type McpServer,
  type McpServers,
  type PatchMcpServers,
  type ShownMcpServer,
  type ShownMcpServers,
} from "@holdfast/protocol";

/** What is set by its name, without what is taken out; `undefined` when none is left. Throws UNPROCESSABLE where they are more than the limits allow. */
export function patchedServers(
  before: McpServers | undefined,
  patch: PatchMcpServers | undefined,
): McpServers | undefined {
  const all = Object.entries({ ...before, ...patch });
  const left = all.filter((entry): entry is [string, McpServer] => entry[1] !== null);
  if (left.length === 0) return undefined;
  const servers = Object.fromEntries(left);
  const bytes = Buffer.byteLength(JSON.stringify(servers));
  if (left.length > MCP_LIMITS.servers || bytes > MCP_LIMITS.bytes) {
    const { servers: most, bytes: space } = MCP_LIMITS;
    throw new HoldfastError(
      "UNPROCESSABLE",
      `mcpServers: ${left.length} servers of ${bytes} bytes as JSON; at most ${most} of ${space} bytes together may be set. Take some out.`,
    );
  }
  return servers;
}

/** What anybody is shown: of variables and headers the names. */
export function shownServers(servers: McpServers | undefined): ShownMcpServers | undefined {
  if (servers === undefined) return undefined;
  return Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, shown(server)]));
}

function shown(server: McpServer): ShownMcpServer {
  if (server.type === "off") return server;
  if (server.type === "stdio") {
    const { type, command, args, env } = server;
    return {
      type,
      command: redact(command),
      ...(args === undefined ? {} : { args: shownArguments(args) }),
      ...(env === undefined ? {} : { env: Object.keys(env) }),
    };
  }
  const { type, url, headers } = server;
  return {
    type,
    url: shownAddress(url),
    ...(headers === undefined ? {} : { headers: Object.keys(headers) }),
  };
}

const HIDDEN = "[redacted]";

/** An option whose value is a secret by its name. */
const SECRET_OPTION = /^-.*(?:key|token|secret|passw|auth|credential|bearer)/i;

function shownArguments(args: readonly string[]): string[] {
  return args.map((word, index) => {
    if (SECRET_OPTION.test(args[index - 1] ?? "") && !(args[index - 1] ?? "").includes("=")) return HIDDEN;
    const [option = "", ...value] = word.split("=");
    if (value.length > 0 && SECRET_OPTION.test(option)) return `${option}=${HIDDEN}`;
    return redact(word);
  });
}

/** Keys of some services stand in the query, or before the host. */
function shownAddress(text: string): string {
  if (!URL.canParse(text)) return HIDDEN;
  const url = new URL(text);
  const query = url.search === "" ? "" : `?${HIDDEN}`;
  return redact(`${url.protocol}//${url.host}${url.pathname}`) + query;
}
