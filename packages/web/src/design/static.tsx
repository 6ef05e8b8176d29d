import { createContext, type ReactNode, useContext } from "react";

const Static = createContext(false);

/** What is inside is written once, as a document that is read without script (S-12): what a script would unfold, copy or count is unfolded by the browser, or left out. */
export function StaticProvider({ children }: { children: ReactNode }) {
  return <Static value={true}>{children}</Static>;
}

export const useIsStatic = (): boolean => useContext(Static);
