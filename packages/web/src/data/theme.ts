import { preferences } from "./preferences.ts";

/** Keeps `data-theme` of the document to what was chosen; without a choice the system decides, in CSS. */
export function followTheme(): void {
  const apply = () => {
    const { theme } = preferences.get();
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  };
  apply();
  preferences.subscribe(apply);
}
