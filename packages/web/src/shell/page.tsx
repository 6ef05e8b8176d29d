import { type Access, type App, AppProvider } from "../data/index.ts";
import { Door } from "./door.tsx";
import { Shell } from "./shell.tsx";

/** Outside is the door: who has no access is told how to get it. Inside is everything else. */
export function Page({ access, app }: { access: Access; app: App | undefined }) {
  if ("refused" in access || app === undefined)
    return "refused" in access ? <Door refused={access.refused} detail={access.detail} /> : null;
  return (
    <AppProvider app={app}>
      <Shell />
    </AppProvider>
  );
}
