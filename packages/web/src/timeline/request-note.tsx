import { ShieldQuestion } from "lucide-react";
import { Arguments, ExactText, Notice } from "../design/index.ts";
import type { Request } from "./event-kinds.ts";

/** A request that waited at that time. It can be read, not answered. */
export function RequestNote({ request }: { request: Request }) {
  return (
    <div className="mx-auto w-full max-w-3xl shrink-0 px-4 pb-2">
      <Notice tone="attention" icon={<ShieldQuestion size={16} className="text-attention" />}>
        <span className="font-medium">
          {"title" in request ? (
            <ExactText text={request.title} as={request.kind === "execute" ? "block" : "words"} />
          ) : (
            <ExactText text={request.questions.map(({ question }) => question).join(" ")} as="words" />
          )}
        </span>
        {"args" in request && <Arguments args={request.args} />}
        <span className="block text-ink-soft">The agent waited for an answer.</span>
      </Notice>
    </div>
  );
}
