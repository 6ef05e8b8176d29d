export { ArchiveView } from "./archive-view.tsx";
