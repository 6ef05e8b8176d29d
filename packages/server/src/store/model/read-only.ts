import { HoldfastError } from "@holdfast/kernel";

/** A session that only shows what its agent does in one of its own takes nothing. */
export const readOnly = (id: string, parentId: string | null | undefined): HoldfastError =>
  new HoldfastError(
    "CONFLICT",
    `Session ${id} only shows what its agent does in a session that it made by itself. Ask, or stop, its parent ${parentId ?? ""}.`,
  );
