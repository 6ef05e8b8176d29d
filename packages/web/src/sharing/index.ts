export { ShareButton } from "./share-button.tsx";
export { SharesView } from "./shares-view.tsx";
export { RIGHT_WORDS } from "./words.ts";
