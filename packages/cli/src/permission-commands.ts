import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { ago, oneLine } from "./output.ts";

export async function list(context: Context, flags: { session?: string; all?: boolean }): Promise<ExitCode> {
  const { items } = await context.connect().client.listPermissions({
    ...(flags.all === true ? {} : { state: "pending" }),
    ...(flags.session === undefined ? {} : { sessionId: flags.session }),
  });
  const { output } = context;
  if (context.isJson) output.json({ items });
  else if (items.length === 0) output.note("Nobody asks.");
  else {
    const now = Date.now();
    output.table(
      items.map((request) => [
        request.id,
        request.state,
        request.agent,
        oneLine(request.kind, 20),
        ago(request.time.asked, now),
        oneLine(request.title, 80),
      ]),
    );
  }
  return EXIT.completed;
}

export async function reply(
  context: Context,
  id: string,
  answer: "once" | "always" | "reject",
  flags: { message?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const permission = await client.replyPermission(id, {
    reply: answer,
    ...(flags.message === undefined ? {} : { message: flags.message }),
  });
  if (context.isJson) context.output.json(permission);
  return EXIT.completed;
}
