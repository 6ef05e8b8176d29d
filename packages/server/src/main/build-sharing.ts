import { type Clock, type Logger, randomHex } from "@holdfast/kernel";
import {
  askListCode,
  createBatchTransport,
  createFallbackTransport,
  createRestTransport,
  createSenders,
  createSocketTransport,
  type ShareTransport,
} from "../outbox/index.ts";
import { type OwnService, type Previews, type Publisher, Shares, ShareServices } from "../sharing/index.ts";
import type { Store } from "../store/index.ts";
import type { ServerConfig } from "./config.ts";

export type SharingDeps = {
  config: Pick<ServerConfig, "shareService" | "shareKey">;
  store: Store;
  /** The service beside this server. */
  embeddedShare: OwnService | undefined;
  publisher: Publisher;
  previews: Previews;
  clock: Clock;
  logger: Logger;
};

/** The ways to a service, the best first: the same bytes by each of them (S-31). */
function openTransport(origin: string, clock: Clock): ShareTransport {
  const rest = createRestTransport(origin, clock);
  const ways = [createSocketTransport(origin, clock, rest), createBatchTransport(origin, clock, rest), rest];
  return createFallbackTransport(ways, clock);
}

/** Shares, and what sends them: the outbox with the ways to the services (S-2, S-3). */
export function buildSharing({
  config,
  store,
  embeddedShare,
  publisher,
  previews,
  clock,
  logger,
}: SharingDeps) {
  const { shareService: origin, shareKey: key } = config;
  const services = new ShareServices({
    configured: origin === undefined ? undefined : { origin, key },
    own: embeddedShare,
    open: (service) => openTransport(service, clock),
    askListCode: (service, secret) => askListCode(service, secret, clock),
  });
  const senders = createSenders({
    store,
    transport: (service) => services.transport(service),
    project: (input) => publisher.project(input),
    publishKey: (service) => services.publishKey(service),
    clock,
    random: () => Number.parseInt(randomHex(4), 16) / 2 ** 32,
    logger,
    closeTransports: () => services.close(),
  });
  return {
    shares: new Shares({ store, services, previews, publisher, clock }),
    start: () => senders.start(),
    stop: () => senders.stop(),
  };
}
