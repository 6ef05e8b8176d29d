import { type AdmitInput, isInputId, isSessionId, isTerminal, limitsAt, type Turn } from "@holdfast/protocol";
import { inputText } from "./attach-state.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { oneLine } from "./output.ts";
import { parseModel, readPrompt } from "./prompt-text.ts";

/** Largest page of turns. */
const PAGE = 200;

export async function send(
  context: Context,
  sessionId: string,
  words: readonly string[],
  flags: { steer?: boolean; now?: boolean; agent?: string; model?: string },
): Promise<ExitCode> {
  const asked = await readPrompt(words);
  const { client } = context.connect();
  const input: AdmitInput = {
    ...asked,
    ...(flags.steer === true ? { delivery: "steer" } : {}),
    ...(flags.agent === undefined ? {} : { agent: flags.agent }),
    ...parseModel(flags.model),
  };
  const stops = flags.now === true ? await runningTurn(context, sessionId) : undefined;
  const admitted =
    stops === undefined
      ? await client.admitInput(sessionId, input)
      : await client.stopAndSend({ sessionId, turnId: stops }, input);
  const { output } = context;
  if (context.isJson) {
    output.json(admitted);
    return EXIT.completed;
  }
  const { requestedDelivery, delivery } = admitted.input;
  if (requestedDelivery !== delivery)
    output.note(
      "The agent takes no input during a turn; it was queued. With --now it stops the turn and goes first.",
    );
  else if (delivery === "steer")
    output.note(
      "It is given to the agent at its next step; where no turn of that agent runs, it is the next turn.",
    );
  output.line(admitted.turn.id);
  return EXIT.completed;
}

/** Stops a turn, or the running turn of a session. That there is nothing to stop is no error: repeating is harmless. */
export async function stop(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const turnId = isSessionId(id) ? await runningTurn(context, id) : id;
  const turn = turnId === undefined ? undefined : await client.cancelTurn(turnId);
  const { output } = context;
  if (context.isJson) output.json({ turn: turn ?? null });
  else if (turn === undefined) output.note("Nothing is running.");
  else output.note(isTerminal(turn.state) ? `The turn is ${turn.state}.` : "Stopping.");
  return EXIT.completed;
}

/** Goes on from a turn that was interrupted or ended at a usage limit, by a new turn (D-19, A-29); of a session from its last one. */
export async function goOn(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const from = isSessionId(id) ? (await client.listTurns(id, { limit: PAGE })).items.find(hasEnded)?.id : id;
  if (from === undefined) throw new CliError(EXIT.notFound, "No turn of the session has ended.");
  const admitted = await client.resumeTurn(from);
  if (context.isJson) context.output.json(admitted);
  else context.output.line(admitted.turn.id);
  return EXIT.completed;
}

const hasEnded = ({ state }: Turn): boolean => isTerminal(state);

async function runningTurn(context: Context, sessionId: string): Promise<string | undefined> {
  const { client } = context.connect();
  const { items } = await client.listTurns(sessionId, { limit: PAGE });
  return items.find((turn) => turn.state === "running" || turn.state === "finalizing")?.id;
}

export async function queue(
  context: Context,
  sessionId: string,
  flags: { resume?: boolean; remove?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const { output } = context;
  const tell = (line: string) => (context.isJson ? undefined : output.note(line));
  if (flags.remove !== undefined) {
    if (!isInputId(flags.remove))
      throw new CliError(EXIT.usage, `${JSON.stringify(flags.remove)} is not the id of an input.`);
    await client.removeInput(flags.remove);
    tell("It was taken out.");
  }
  if (flags.resume === true) {
    const held = await client.getSession(sessionId);
    await client.resumeQueue(sessionId);
    const limits = limitsAt(held, Date.now()).map(({ agent }) => agent);
    if (held.queue.paused) tell("The queue is not paused any more.");
    if (limits.length > 0) tell(`What waited for the usage limit of ${limits.join(", ")} is sent now.`);
    if (!held.queue.paused && limits.length === 0) tell("Nothing held the queue.");
  }
  const { items } = await client.listInputs(sessionId, { state: "queued" });
  if (context.isJson) output.json({ items });
  else if (items.length === 0) output.note("Nothing waits.");
  else
    output.table(items.map((input) => [input.id, input.turnId, input.agent, oneLine(inputText(input), 60)]));
  return EXIT.completed;
}
