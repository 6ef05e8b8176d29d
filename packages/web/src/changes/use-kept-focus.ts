import { type FocusEvent, type RefObject, useEffect, useRef } from "react";

/**
 * Keeps the focus in the panel when what had it goes away, such as a hunk that was applied: it goes to the hunk's file, else to the panel, so that the
 * keys go on. `drawn` is what is shown; the answer is to be called with every focus inside.
 */
export function useKeptFocus(
  panel: RefObject<HTMLElement | null>,
  drawn: unknown,
): (event: FocusEvent<HTMLElement>) => void {
  const last = useRef<{ element: HTMLElement; file: HTMLElement | null } | undefined>(undefined);
  useEffect(() => {
    if (last.current === undefined || last.current.element.isConnected) return;
    const { file } = last.current;
    last.current = undefined;
    if (document.activeElement !== document.body) return;
    const next = file?.isConnected === true ? file : panel.current;
    next?.focus({ preventScroll: true });
  }, [drawn, panel]);
  return ({ target }) => {
    last.current = { element: target, file: target.closest<HTMLElement>("[data-change]") };
  };
}
