import { givenServers, type Session, type ShownMcpServer } from "@holdfast/protocol";
import { useLibrary } from "../data/index.ts";
import { Chip, Exact } from "../design/index.ts";

/** The MCP servers that the session's agents are given, whichever agent it is. They are set from the command line; nothing is shown of their secrets. */
export function GivenServers({ session }: { session: Pick<Session, "projectId" | "mcpServers"> }) {
  const { projects } = useLibrary();
  const own = session.mcpServers ?? {};
  const given = givenServers<ShownMcpServer>(projects.get(session.projectId)?.mcpServers, own);
  const off = Object.keys(own).filter((name) => own[name]?.type === "off");
  if (given.length + off.length === 0) return null;
  return (
    <section aria-label="MCP servers" className="flex flex-col gap-2">
      <h3 className="text-sm font-medium text-ink-soft">MCP servers of this session</h3>
      <ul className="divide-y divide-line rounded-lg border border-line">
        {given.map(({ name, ...server }) => (
          <li key={name} className="flex min-w-0 flex-col gap-0.5 px-3 py-2 text-sm">
            <span className="flex items-center gap-2">
              {name} <Chip>{server.type}</Chip>
              {Object.hasOwn(own, name) && <Chip>this session only</Chip>}
            </span>
            <code className="font-mono text-xs break-all text-ink-soft">
              <Exact
                text={
                  server.type === "stdio"
                    ? [server.command, ...(server.args ?? [])].join(" ")
                    : addressOf(server)
                }
              />
            </code>
          </li>
        ))}
        {off.map((name) => (
          <li key={name} className="px-3 py-2 text-sm text-ink-soft">
            {name}: left out of this session
          </li>
        ))}
      </ul>
    </section>
  );
}

const addressOf = (server: ShownMcpServer): string => ("url" in server ? server.url : "");
