import type { Session } from "@holdfast/protocol";
import { Share2 } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../design/index.ts";
import { SharingDialog } from "./sharing-dialog.tsx";

/** At the header's end: who else sees this session. */
export function ShareButton({ session }: { session: Pick<Session, "id" | "title"> }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <IconButton label="Share" onClick={() => setOpen(true)}>
        <Share2 size={16} />
      </IconButton>
      {isOpen && <SharingDialog session={session} onClose={() => setOpen(false)} />}
    </>
  );
}
