import { requestText } from "./ask-permission.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine } from "./output.ts";

export async function list(context: Context, flags: { session?: string; all?: boolean }): Promise<ExitCode> {
  const { items, total } = await context.connect().client.listPermissions({
    ...(flags.all === true ? {} : { state: "pending" }),
    ...(flags.session === undefined ? {} : { sessionId: flags.session }),
  });
  const { output } = context;
  if (context.isJson) output.json({ items, total });
  else if (items.length === 0) output.note("No open requests.");
  else {
    const now = Date.now();
    output.table(
      items.map((request) => [
        request.id,
        request.state,
        request.agent,
        exactLine(request.kind, 20),
        ago(request.time.asked, now),
        exactLine(request.title, 80),
      ]),
    );
    if (items.length < total) output.note(`The newest ${items.length} of ${total}.`);
  }
  return EXIT.completed;
}

/** All that an agent asks for, however long it is. */
export async function show(context: Context, id: string): Promise<ExitCode> {
  const { output } = context;
  const permission = await context.connect().client.getPermission(id);
  if (context.isJson) output.json(permission);
  else output.line(`${requestText(permission, output.out, "all")}\n  ${permission.state}`);
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
