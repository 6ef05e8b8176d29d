import { type ReactNode, useEffect, useRef } from "react";

/** Takes the focus when it comes in the place of what had it, so that the next Tab goes on in it. */
export function FocusPlace({ className = "", children }: { className?: string; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus({ preventScroll: true }), []);
  return (
    <div ref={place} tabIndex={-1} className={`outline-none ${className}`}>
      {children}
    </div>
  );
}
