import type { IncomingMessage } from "node:http";
import { HoldfastError } from "@holdfast/kernel";
import type { HostPolicy } from "./host-policy.ts";

/** Longest request target, in characters. */
const TARGET_LENGTH = 8_192;

/**
 * What every request must pass before anything else looks at it (I-6): our Host, an Origin of ours when there is one, nothing that another
 * site's page made the browser send. Throws HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED or INVALID_REQUEST.
 */
export function guard(incoming: IncomingMessage, policy: HostPolicy): void {
  if (countOf(incoming, "host") !== 1 || !policy.allowsHost(incoming.headers.host))
    throw new HoldfastError(
      "HOST_NOT_ALLOWED",
      "The Host header names another server. Add the name to HOLDFAST_ALLOWED_HOSTS if it is one of yours.",
    );
  const target = incoming.url ?? "";
  if (
    !target.startsWith("/") ||
    target.length > TARGET_LENGTH ||
    !URL.canParse(`http://local${target}`) ||
    /^[^?]*\\/.test(target)
  )
    throw new HoldfastError("INVALID_REQUEST", "The request target is not a path of this server.");
  const isApi = isApiTarget(target);
  const isPlainGet = !isApi && (incoming.method === "GET" || incoming.method === "HEAD");
  const { origin } = incoming.headers;
  if (origin !== undefined && !isPlainGet && !policy.allowsOrigin(origin))
    throw new HoldfastError("ORIGIN_NOT_ALLOWED", "The Origin header is not one of this server's.");
  if (isApi && incoming.headers["sec-fetch-site"] === "cross-site")
    throw new HoldfastError("ORIGIN_NOT_ALLOWED", "Pages of other sites may not use this API.");
}

/** Whether a request target belongs to the API, however its path is spelled. */
export function isApiTarget(target: string): boolean {
  const path = new URL(`http://local${target}`).pathname;
  return path === "/api" || path.startsWith("/api/");
}

function countOf(incoming: IncomingMessage, name: string): number {
  return incoming.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}
