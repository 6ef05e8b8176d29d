import { isIPv6 } from "node:net";
import { HoldfastError } from "@holdfast/kernel";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];
const LOOPBACK_BINDS = new Set(["localhost", "127.0.0.1", "::1"]);
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** How a server that others can reach is protected on the way (I-6). */
export type Exposure = "loopback" | "proxy" | "tls" | "insecureHttp";

/**
 * Which Host and Origin headers are ours (I-6): loopback names with the actual port, and the configured hosts. It stops DNS rebinding, which
 * CORS and CSRF checks do not: there Host and Origin agree with each other, but not with us.
 */
export class HostPolicy {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  /** `allowed` are names, with a port where it is not the server's own or the default one. No wildcards. */
  constructor(port: number, allowed: readonly string[]) {
    const hosts = new Set(LOOPBACK_NAMES.flatMap((name) => spellings(name, port)));
    const origins = new Set([...hosts].map((host) => `http://${host}`));
    for (const entry of allowed) {
      const name = entry.trim().toLowerCase();
      if (name === "" || name.includes("*") || name.includes("/"))
        throw new HoldfastError(
          "UNPROCESSABLE",
          `${JSON.stringify(entry)} is not a host name; there are no wildcards.`,
        );
      for (const host of /:\d+$/.test(name) ? [name] : [name, `${name}:${port}`]) {
        hosts.add(host);
        origins.add(`http://${host}`).add(`https://${host}`);
      }
    }
    this.#hosts = hosts;
    this.#origins = origins;
  }

  allowsHost(host: string | undefined): boolean {
    return host !== undefined && this.#hosts.has(host.toLowerCase());
  }

  /** `null` and everything that is not exactly an origin of ours is refused. */
  allowsOrigin(origin: string): boolean {
    const text = origin.toLowerCase();
    if (this.#origins.has(text)) return true;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || url.port !== "" || url.origin !== text) return false;
    return this.#origins.has(`${text}:${DEFAULT_PORTS[url.protocol] ?? ""}`);
  }
}

function spellings(name: string, port: number): string[] {
  return port === 80 ? [name, `${name}:80`] : [`${name}:${port}`];
}

/** Rejects UNPROCESSABLE for a bind that others could reach without allowed hosts and a protected way (I-6). */
export function requireSafeBind(host: string, allowed: readonly string[], exposure: Exposure): void {
  if (LOOPBACK_BINDS.has(host)) return;
  if (allowed.length === 0)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `To listen on ${host}, say under which names the server is reached (HOLDFAST_ALLOWED_HOSTS).`,
    );
  if (exposure === "loopback")
    throw new HoldfastError(
      "UNPROCESSABLE",
      `To listen on ${host}, declare the TLS proxy in front of it with --behind-proxy, or accept unencrypted traffic with --insecure-http.`,
    );
}

/** The address to reach a listening server at; a bind to every address is reached on loopback. */
export function urlOf(host: string, port: number): string {
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (host === "::") return `http://[::1]:${port}`;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
