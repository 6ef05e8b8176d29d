import "./gallery.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, AppProvider, followTheme } from "../../src/data/index.ts";
import { Gallery } from "./gallery.tsx";

followTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("The gallery has no #root.");
createRoot(root).render(
  <StrictMode>
    <AppProvider app={new App("")}>
      <Gallery />
    </AppProvider>
  </StrictMode>,
);
