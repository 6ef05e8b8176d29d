import "./tokens.css";

export { Arguments } from "./arguments.tsx";
export { Button, IconButton } from "./button.tsx";
export { classes } from "./class-names.ts";
export { Dialog } from "./dialog.tsx";
export { Chip, Count, Key, StatusDot, type Tone } from "./marks.tsx";
export { Exact, ExactText } from "./exact.tsx";
export { Fold, FoldMark } from "./fold.tsx";
export { money } from "./money.ts";
export { OfflineNote } from "./offline-note.tsx";
export { Empty, Notice, Skeleton } from "./notice.tsx";
export { StaticProvider, useIsStatic } from "./static.tsx";
export { ago, dateTime, moment, span } from "./time.ts";
