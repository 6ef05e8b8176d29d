import { type ReactNode, useLayoutEffect, useRef } from "react";
import { classes } from "./class-names.ts";

type DialogProps = { label: string; onClose: () => void; children: ReactNode; className?: string };

/** A dialog of the browser itself: it keeps the focus inside, Escape closes it, and the focus goes back where it was. */
export function Dialog({ label, onClose, children, className }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it leaves the document: an element that is gone gives no focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
      className={classes(
        "m-auto mt-[12dvh] w-[min(36rem,calc(100vw-2rem))] rounded-lg border border-line bg-raised p-0 text-ink shadow-float backdrop:bg-scrim",
        className,
      )}
    >
      {children}
    </dialog>
  );
}
