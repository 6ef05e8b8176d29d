/** MCP servers as they are stored, changed and shown. Pure. */
import { credentialsIn, HIDDEN, HoldfastError, redact } from "@holdfast/kernel";
import {
  type GivenMcpServer,
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
      command: wordOf(command).shown,
      ...(args === undefined ? {} : { args: argumentsOf(args).map((word) => word.shown) }),
      ...(env === undefined ? {} : { env: Object.keys(env) }),
    };
  }
  const { type, url, headers } = server;
  return {
    type,
    url: addressOf(url).shown,
    ...(headers === undefined ? {} : { headers: Object.keys(headers) }),
  };
}

/** What is not shown of servers, and so must not stand in what an agent says of them: `secretMask` masks it. */
export function secretsOf(servers: readonly GivenMcpServer[]): string[] {
  return servers.flatMap((server) => {
    const isProgram = server.type === "stdio";
    const words = isProgram
      ? [wordOf(server.command), ...argumentsOf(server.args ?? [])]
      : [addressOf(server.url)];
    const values = Object.values((isProgram ? server.env : server.headers) ?? {});
    return [...words.flatMap(({ hidden }) => hidden), ...values, ...values.flatMap(credentialsIn)];
  });
}

/** A text as it is shown, and what of it is not. */
type Word = { shown: string; hidden: string[] };

const wordOf = (text: string): Word => ({ shown: redact(text), hidden: credentialsIn(text) });

/** What has a secret for its value, by its name. */
const SECRET_NAME = /key|token|secret|passw|auth|credential|bearer/i;

const ADDRESS = /[a-z][a-z0-9+.-]{0,31}:\/\/.*/is;

function argumentsOf(args: readonly string[]): Word[] {
  return args.map((word, index) => {
    const before = args[index - 1] ?? "";
    if (before.startsWith("-") && !before.includes("=") && SECRET_NAME.test(before))
      return { shown: HIDDEN, hidden: [word] };
    const [name = "", ...value] = word.split("=");
    if (value.length > 0 && SECRET_NAME.test(name) && !name.includes("://"))
      return { shown: `${name}=${HIDDEN}`, hidden: [value.join("=")] };
    const address = ADDRESS.exec(word);
    if (address === null) return wordOf(word);
    const { shown, hidden } = addressOf(address[0]);
    return { shown: redact(word.slice(0, address.index)) + shown, hidden };
  });
}

/** Keys of some services stand in the query, or before the host. */
function addressOf(text: string): Word {
  if (!URL.canParse(text)) return { shown: HIDDEN, hidden: [text] };
  const url = new URL(text);
  const query = url.search.slice(1);
  const values = query.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1));
  const { shown, hidden } = wordOf(`${url.protocol}//${url.host}${url.pathname}`);
  const left = [url.username, url.password, url.hash.slice(1), ...values].filter((each) => each !== "");
  return {
    shown: query === "" ? shown : `${shown}?${HIDDEN}`,
    hidden: [...hidden, ...left, ...left.map(decoded)],
  };
}

/** As whoever reads an address says it. */
const decoded = (text: string): string =>
  new URLSearchParams(`_=${text.replaceAll("+", "%2B")}`).get("_") ?? "";
