export { Access, type Credential, type Endpoint, type TokenStore } from "./access.ts";
export { type Needs, requireReach } from "./authorize.ts";
export { bodyHash, readJson } from "./body.ts";
export { isApiTarget } from "./guard.ts";
export type { Exposure } from "./host-policy.ts";
export { Listener, sendProblem } from "./listener.ts";
export { problemReply, shapeRefusal } from "./problem.ts";
export { type Reply, send, STREAMING } from "./reply.ts";
export { SANDBOX_POLICY } from "./security-headers.ts";
