import { isApiError } from "@holdfast/client";
import { Button, Empty } from "../design/index.ts";
import { DeadLink, OpenAgain, takeFragment } from "../link/index.ts";
import { GuestPage } from "./guest-page.tsx";
import { Guest } from "./guest.ts";

/** What a window shows that was opened with a link into a session. Never rejects. */
export async function openGuest(location: Location, history: History) {
  const secret = takeFragment(location, history);
  // Another link that is opened in this window changes the fragment alone.
  window.addEventListener("hashchange", () => window.location.reload());
  if (secret === undefined) return <OpenAgain />;
  try {
    return <GuestPage guest={await Guest.open(secret)} />;
  } catch (error) {
    if (isApiError(error, "REF_NOT_VALID") || isApiError(error, "UNAUTHENTICATED")) return <DeadLink />;
    return (
      <Empty
        title="It could not be read"
        action={<Button onClick={() => window.location.reload()}>Try again</Button>}
      >
        {error instanceof Error ? error.message : String(error)}
      </Empty>
    );
  }
}
