import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { Store, useStore } from "../data/index.ts";
import { hrefOf, parseRoute, type Route } from "./route.ts";

/** Outside of a browser, where documents are written (S-12), the page is nowhere. */
const isBrowser = typeof window !== "undefined";

const read = (): Route =>
  isBrowser ? parseRoute(window.location.pathname, window.location.search) : { at: "home" };
const current = new Store<Route>(read());
if (isBrowser) window.addEventListener("popstate", () => current.set(read()));

/** Goes to a place; `replace` leaves no step to go back to. */
export function navigate(route: Route, { replace = false } = {}): void {
  const href = hrefOf(route);
  if (href === window.location.pathname + window.location.search) return;
  if (replace) window.history.replaceState(null, "", href);
  else window.history.pushState(null, "", href);
  current.set(read());
}

/** Where the page is. */
export function useRoute(): Route {
  return useStore(current);
}

export const currentRoute = (): Route => current.get();

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & { to: Route };

/** A real link: a plain click goes there inside the page, every other click is the browser's. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!isPlain || event.defaultPrevented) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={hrefOf(to)} onClick={follow} />;
}
