/** One request of the service's REST door, and what its routes have in common. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply, STREAMING } from "@holdfast/edge";
import type { Clock } from "@holdfast/kernel";
import type { ShareCaller, ShareService } from "../service/index.ts";
import type { RouteFacts } from "./route-facts.ts";

export type HttpCall = {
  service: ShareService;
  clock: Clock;
  caller: ShareCaller;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
};

export type HttpRoute = RouteFacts & { run(call: HttpCall): Promise<Reply | typeof STREAMING> };

/** What stands in the path's places; undefined for another path. Segments that cannot be read are another path. */
export function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const text = given[at] ?? "";
    if (!part.startsWith(":")) {
      if (part !== text) return undefined;
    } else if (/^[\w.-]{1,128}$/.test(text)) params[part.slice(1)] = text;
    else return undefined;
  }
  return params;
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
