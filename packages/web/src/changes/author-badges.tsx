import { Bot, CircleHelp, UserRound } from "lucide-react";
import type { ReactNode } from "react";
import { Chip } from "../design/index.ts";
import type { Author } from "./words.ts";

const ICONS: Readonly<Record<string, ReactNode>> = {
  user: <UserRound size={12} />,
  unknown: <CircleHelp size={12} />,
  shared: <CircleHelp size={12} />,
};

/** Whose a change is: agents by name, everybody else in plain words. */
export function AuthorBadges({ authors }: { authors: readonly Author[] }) {
  return (
    <span className="inline-flex min-w-0 flex-wrap items-center gap-1">
      {authors.map(({ stamp, name, isAgent, meaning }) => (
        <Chip key={stamp} tone={isAgent ? "accent" : "neutral"} title={meaning}>
          {isAgent ? <Bot size={12} /> : ICONS[stamp]}
          {name}
        </Chip>
      ))}
    </span>
  );
}
