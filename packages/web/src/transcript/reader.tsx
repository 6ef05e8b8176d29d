import { createContext, type ReactNode, useContext } from "react";

/** Who reads a transcript that is somebody else's, as it was published (S-12): nothing in it can be acted on. */
export type Reader = {
  /** How the content of a file is had, by its hash: at an address, or by a request that carries the reader's ref. */
  blobs: { hrefOf: (hash: string) => string } | { read: (hash: string) => Promise<Uint8Array<ArrayBuffer>> };
};

const Reading = createContext<Reader | undefined>(undefined);

export function ReaderProvider({ reader, children }: { reader: Reader; children: ReactNode }) {
  return <Reading value={reader}>{children}</Reading>;
}

/** The reader that the transcript is shown to; undefined to its owner. */
export const useReader = (): Reader | undefined => useContext(Reading);
