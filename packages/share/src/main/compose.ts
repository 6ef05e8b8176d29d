/** Wires the service: store, service, its doors, the listener. */
import type { IncomingMessage } from "node:http";
import { Listener } from "@holdfast/edge";
import { type Clock, errorText, type Logger } from "@holdfast/kernel";
import type { ShareConfig } from "../config.ts";
import { createShareHttp } from "../http/index.ts";
import { createPages } from "../pages/index.ts";
import { createShareRpc } from "../rpc/index.ts";
import { ShareService } from "../service/index.ts";
import type { ShareStore } from "../store/index.ts";

export type ShareServer = {
  start(): Promise<{ url: string }>;
  stop(): Promise<void>;
};

export type ShareFacts = {
  config: Pick<
    ShareConfig,
    "host" | "port" | "keys" | "allowedHosts" | "behindProxy" | "insecureHttp" | "quotaBytes"
  >;
  store: ShareStore;
  clock: Clock;
  logger: Logger;
  /** Where the pages are; absent: the API alone. */
  pageDirectory?: string | undefined;
};

/** The store is the caller's to close. */
export function composeShares({ config, store, clock, logger, pageDirectory }: ShareFacts): ShareServer {
  const { keys, quotaBytes, allowedHosts } = config;
  const service = new ShareService({ store, clock, logger, keys, quotaBytes });
  const addressOf = (incoming: IncomingMessage): string => addressIn(incoming, config.behindProxy);
  const rpc = createShareRpc({ service, addressOf, clock, logger });
  const pages = createPages({
    service,
    snapshots: service.snapshots,
    addressOf,
    clock,
    logger,
    directory: pageDirectory,
  });
  const listener = new Listener({
    answer: createShareHttp({ service, addressOf, beside: [rpc, pages], clock, logger }),
    upgrade: rpc.upgrade,
    allowedHosts,
    exposure: config.behindProxy ? "proxy" : config.insecureHttp ? "insecureHttp" : "loopback",
    clock,
    logger,
  });
  return {
    async start() {
      const place = await listener.listen(config.host, config.port);
      service.start();
      return place;
    },
    async stop() {
      rpc.stop();
      await service.stop().catch((error: unknown) => {
        logger.warn({ error: errorText(error) }, "the service did not stop cleanly");
      });
      await pages.close();
      await listener.close();
    },
  };
}

/** Of a declared proxy the last address that it added; what clients claim before that counts for nothing (S-29). */
export function addressIn(
  { headers, socket }: Pick<IncomingMessage, "headers" | "socket">,
  behindProxy: boolean,
): string {
  const own = socket.remoteAddress ?? "unknown";
  if (!behindProxy) return own;
  const named = headers["x-forwarded-for"];
  const last = (typeof named === "string" ? named : (named?.at(-1) ?? "")).split(",").at(-1)?.trim() ?? "";
  return /^[0-9a-fA-F.:]{2,45}$/.test(last) ? last : own;
}
