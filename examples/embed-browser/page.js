/** Gives an agent work and shows the session while it goes on. */
import { createClient, EMPTY_SESSION, reduce, skipEvent } from "@holdfast/client";
import { isTerminal } from "@holdfast/protocol";

const url = location.origin;
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const list = document.querySelector("ol");

/** The token of this browser, for the code in the address, which is good once; kept for as long as this tab is open. */
async function token() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) {
    history.replaceState(null, "", location.pathname);
    sessionStorage.setItem("token", (await createClient({ url }).exchangeCode(code)).token);
  }
  return sessionStorage.getItem("token") ?? undefined;
}

function show(state, turn) {
  status.textContent = state.turns[turn.id]?.state ?? turn.state;
  const texts = state.messages.flatMap(({ info, parts }) =>
    parts.filter(({ type }) => type === "text").map(({ text }) => `${info.role}: ${text}`),
  );
  list.replaceChildren(
    ...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
}

async function work(client, directory, text) {
  const { id: sessionId } = await client.createSession({ directory });
  const { turn } = await client.admitInput(sessionId, { parts: [{ type: "text", text }] });
  let state = EMPTY_SESSION;
  const signal = AbortSignal.timeout(600_000);
  for await (const item of client.streamSession({ sessionId, after: 0, signal })) {
    if (item.kind === "event") state = reduce(state, item.event);
    if (item.kind === "unknown") state = skipEvent(state, item.seq);
    show(state, turn);
    if (isTerminal(state.turns[turn.id]?.state)) return;
  }
}

const client = token().then((token) => createClient({ url, token }));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { directory, text } = Object.fromEntries(new FormData(form));
  client
    .then((client) => work(client, directory, text))
    .catch((error) => (status.textContent = error.message));
});
