import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { classes } from "../design/index.ts";

/** From the pointer's leaving to the end of the explanation, in ms: time to move onto it. */
const LEAVE_MS = 150;
/** Between the explanation and what it stands at, and the edge of the window, in px. */
const GAP = 6;

/** Something short that explains itself on hover, on focus and on a tap, above everything and without moving anything. */
export function Explained(props: { explanation: ReactNode; className?: string; children: ReactNode }) {
  const { explanation, className, children } = props;
  const id = useId();
  const anchor = useRef<HTMLButtonElement>(null);
  const float = useRef<HTMLDivElement>(null);
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [isOpen, setOpen] = useState(false);
  const stay = () => clearTimeout(leaving.current);
  const leave = () => {
    stay();
    leaving.current = setTimeout(() => setOpen(false), LEAVE_MS);
  };
  useEffect(() => stay, []);
  useEffect(() => {
    const shown = float.current;
    if (!isOpen || shown === null || anchor.current === null) return;
    shown.showPopover();
    place(shown, anchor.current.getBoundingClientRect());
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        event.stopPropagation();
      } else if (event.target instanceof Node && anchor.current?.contains(event.target) === true) return;
      setOpen(false);
    };
    window.addEventListener("keydown", close, { capture: true });
    window.addEventListener("pointerdown", close);
    window.addEventListener("scroll", close, { capture: true });
    return () => {
      shown.hidePopover();
      window.removeEventListener("keydown", close, { capture: true });
      window.removeEventListener("pointerdown", close);
      window.removeEventListener("scroll", close, { capture: true });
    };
  }, [isOpen]);
  return (
    <>
      <button
        ref={anchor}
        type="button"
        aria-describedby={id}
        onClick={() => setOpen(true)}
        onFocus={(event) => event.target.matches(":focus-visible") && setOpen(true)}
        onBlur={() => setOpen(false)}
        onPointerEnter={(event) => event.pointerType === "mouse" && (stay(), setOpen(true))}
        onPointerLeave={(event) => event.pointerType === "mouse" && leave()}
        className={classes(
          "inline-flex shrink-0 items-center rounded-sm pointer-coarse:-my-2.5 pointer-coarse:min-h-11",
          className,
        )}
      >
        {children}
      </button>
      <div
        ref={float}
        id={id}
        role="tooltip"
        popover="manual"
        onPointerEnter={stay}
        onPointerLeave={leave}
        className="fixed inset-auto m-0 w-max max-w-[min(22rem,calc(100vw-1rem))] rounded-md border border-line bg-raised px-3 py-2 text-left text-sm font-normal text-ink shadow-float"
      >
        {explanation}
      </div>
    </>
  );
}

/** Above the anchor where there is room, else below it; always inside the window. */
function place(float: HTMLElement, at: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = float;
  const left = Math.max(GAP, Math.min(at.left, window.innerWidth - width - GAP));
  const above = at.top - height - GAP;
  float.style.left = `${left}px`;
  float.style.top = `${above >= GAP ? above : at.bottom + GAP}px`;
}
