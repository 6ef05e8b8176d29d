export { PermissionCard, QuestionCard } from "./cards.tsx";
export { InboxView } from "./inbox-view.tsx";
export { ResumeQueue } from "./resume-queue.tsx";
