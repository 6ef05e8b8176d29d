import type { Features } from "@holdfast/protocol";
import { KIND_FEATURES } from "../kind-features.ts";
import { isObject } from "./wire-message.ts";

/** Feature bits from the answer to initialize; hints only. Modes and usage show later. */
export function featuresOf(initialized: unknown): Features {
  const answer = isObject(initialized) ? initialized : {};
  const capabilities = objectIn(answer, "agentCapabilities");
  const prompt = objectIn(capabilities, "promptCapabilities");
  const session = objectIn(capabilities, "sessionCapabilities");
  const mcp = objectIn(capabilities, "mcpCapabilities");
  return {
    load: bit(capabilities["loadSession"] === true),
    resume: bit(isObject(session["resume"])),
    list: bit(isObject(session["list"])),
    close: bit(isObject(session["close"])),
    images: bit(prompt["image"] === true),
    embeddedContext: bit(prompt["embeddedContext"] === true),
    mcpHttp: bit(mcp["http"] === true),
    mcpSse: bit(mcp["sse"] === true),
    steer: bit(objectIn(objectIn(answer, "_meta"), "steering")["supported"] === true),
    modes: "unknown",
    usage: "unknown",
    ...KIND_FEATURES.acp,
  };
}

/** What the program calls its version; `undefined` when it does not say. */
export function versionOf(initialized: unknown): string | undefined {
  const info = isObject(initialized) ? objectIn(initialized, "agentInfo") : {};
  return typeof info["version"] === "string" && info["version"] !== ""
    ? info["version"].slice(0, 64)
    : undefined;
}

/** The protocol version that the agent answered with. */
export function protocolVersionOf(initialized: unknown): unknown {
  return isObject(initialized) ? initialized["protocolVersion"] : undefined;
}

function bit(isSet: boolean): "yes" | "no" {
  return isSet ? "yes" : "no";
}

function objectIn(value: Record<string, unknown>, key: string): Record<string, unknown> {
  return isObject(value[key]) ? value[key] : {};
}
