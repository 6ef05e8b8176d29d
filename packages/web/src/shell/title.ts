import { visibleText } from "@holdfast/protocol";
import { useEffect } from "react";
import { useLibrary, waitingCount } from "../data/index.ts";
import { sessionOf, useRoute } from "../route/index.ts";

/** The window's title: how many things wait for somebody, then where the page is. */
export function useTitle(): void {
  const route = useRoute();
  const library = useLibrary();
  const { sessions } = library;
  const waiting = waitingCount(library);
  const sessionId = sessionOf(route);
  const place = visibleText((sessionId !== undefined && sessions.get(sessionId)?.title) || "", "words");
  useEffect(() => {
    const name = place === "" ? "Holdfast" : `${place} · Holdfast`;
    document.title = waiting === 0 ? name : `(${waiting}) ${name}`;
  }, [place, waiting]);
}
