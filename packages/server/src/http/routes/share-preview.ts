import { createSharePreviewSchema, sharePreviewSchema } from "@holdfast/protocol";
import { defineRoute, ok, type Route } from "../route.ts";
import { onSession } from "./fields.ts";

/** What would leave this machine, looked at before it does (S-17). */
export const SHARE_PREVIEW_ROUTES: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/share/preview",
    action: "share.preview",
    on: "session",
    tag: "shares",
    summary: "Show what sharing the session would publish, and what of it would be masked; nothing is sent",
    params: onSession,
    body: createSharePreviewSchema,
    answers: {
      200: {
        description: "A preview, by which a share can be made for ten minutes",
        schema: sharePreviewSchema,
      },
    },
    run: async ({ params, body }, { previews }) => ok(await previews.preview(params.id, body.includes)),
  }),
];
