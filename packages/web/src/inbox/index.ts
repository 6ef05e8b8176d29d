export { PermissionCard, PermissionRequest } from "./permission-card.tsx";
export { QuestionCard } from "./question-card.tsx";
export { InboxView } from "./inbox-view.tsx";
export { ResumeQueue } from "./resume-queue.tsx";
