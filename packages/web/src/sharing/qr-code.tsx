import { encodeQR } from "qr";
import { useMemo } from "react";

/** Light cells around the code, without which cameras do not find it. */
const BORDER = 3;

/** A link as a code that a phone's camera reads. Dark on light in both themes: many cameras read no other. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const cells = useMemo(() => encodeQR(text, "raw", { ecc: "medium", border: BORDER }), [text]);
  const path = useMemo(
    () => cells.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join(""),
    [cells],
  );
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${cells.length} ${cells.length}`}
      shapeRendering="crispEdges"
      className="mx-auto block size-56 max-w-full rounded-md"
    >
      <rect width="100%" height="100%" fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
