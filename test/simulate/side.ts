import { secretHash } from "@holdfast/kernel";
import type { RefId } from "@holdfast/protocol";
import type { HeldRef } from "../../packages/server/src/store/index.ts";
import type { Publisher } from "./publisher.ts";
import type { Workload } from "./workload.ts";

/** A data directory and the work in its copy of the session. */
export type Side = { publisher: Publisher; workload: Workload | undefined };

/** A ref as a service is told of it. */
export const hashedRef = ({ refId, secret }: HeldRef): { refId: RefId; secretHash: string } => ({
  refId,
  secretHash: secretHash(secret),
});
