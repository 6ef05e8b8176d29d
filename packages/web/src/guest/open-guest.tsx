import { isApiError } from "@holdfast/client";
import { Button, Empty } from "../design/index.ts";
import { Gone, GuestPage } from "./guest-page.tsx";
import { Guest, takeRef } from "./guest.ts";

/** What a window shows that was opened with a link into a session. Never rejects. */
export async function openGuest(location: Location, history: History) {
  const secret = takeRef(location, history);
  // Another link that is opened in this window changes the fragment alone.
  window.addEventListener("hashchange", () => window.location.reload());
  if (secret === undefined)
    return (
      <Empty title="Open your link again">
        A link of this kind is kept by no browser. The one that you were given leads here again.
      </Empty>
    );
  try {
    return <GuestPage guest={await Guest.open(secret)} />;
  } catch (error) {
    if (isApiError(error, "REF_NOT_VALID") || isApiError(error, "UNAUTHENTICATED")) return <Gone />;
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
