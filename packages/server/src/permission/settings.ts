/** What an operator may set about permission requests. */
export type PermissionSettings = {
  /** How long a request waits for an answer unless its turn says otherwise, in ms; 0: nobody will answer. */
  timeoutMs: number;
};

/** 24 hours. */
export const DEFAULT_PERMISSION_SETTINGS: PermissionSettings = { timeoutMs: 86_400_000 };
