export { type Clock, MAX_TIMER_MS, systemClock, type Timer, wait, within } from "./clock.ts";
export { FakeClock } from "./fake-clock.ts";
export { newId, randomHex } from "./id.ts";
export { type ErrorDetails, errorText, HoldfastError, isHoldfastError, notFound } from "./error.ts";
export { cleanJson, cleanText, holdBackSurrogate, redact } from "./text.ts";
export { Tail } from "./tail.ts";
export { backoffMs } from "./backoff.ts";
export { faultPoint, planFault } from "./fault.ts";
export { type Logger, silentLogger } from "./logger.ts";
