export { PermissionCard, QuestionCard } from "./cards.tsx";
export { InboxView } from "./inbox-view.tsx";
