export { openGuest } from "./open-guest.tsx";
