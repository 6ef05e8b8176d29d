/** Structured logging as the rooms see it; `main` plugs pino in. Fields never hold secrets or message texts (I-6, I-7). */
export type Logger = {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
};

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
