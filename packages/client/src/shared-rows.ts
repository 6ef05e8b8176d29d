/**
 * Rows of a shared session as rows of the session model, so that the one reducer and the page's components take them (I-14, S-17). What was not published
 * has the value that says the least. Pure.
 */
import type {
  Change,
  Message,
  MessageId,
  MessageInfo,
  Part,
  PublishedChange,
  PublishedMessage,
  PublishedPart,
  SessionError,
  SessionId,
  SharedMessage,
  TurnId,
  WorkspaceId,
} from "@holdfast/protocol";

/** Stands for the ids that a shared session does not tell. */
const NOBODY = "0".repeat(26);
export const SHARED_SESSION = `ses_${NOBODY}` as SessionId;
const SHARED_WORKSPACE = `wsp_${NOBODY}` as WorkspaceId;

/** A shared session tells no turns: what one asked, and the answers to it, are taken for one. */
export const turnOf = (messageId: MessageId): TurnId => messageId.replace(/^msg_/, "trn_") as TurnId;

export function messageOf({ info, parts }: SharedMessage): Message {
  return { info: infoOf(info), parts: parts.map(partOf) };
}

export function infoOf(info: PublishedMessage): MessageInfo {
  if (info.role === "user") return { ...info, sessionId: SHARED_SESSION, turnId: turnOf(info.id) };
  const { error, ...rest } = info;
  return {
    ...rest,
    sessionId: SHARED_SESSION,
    turnId: turnOf(info.parentId),
    path: { cwd: "", root: "" },
    ...(error === undefined ? {} : { error: errorOf(error) }),
  };
}

/** Its name and its sentence are all that was published of it. */
export const errorOf = ({ name, message }: { name: string; message: string }): SessionError =>
  name === "MessageAbortedError"
    ? { name, data: { message } }
    : { name: "UnknownError", data: { message: message === "" ? name : message } };

export function partOf(part: PublishedPart): Part {
  switch (part.type) {
    case "file":
      return { ...withSession(part), ...fileOf(part) };
    case "patch":
      return { ...withSession(part), hash: "" };
    case "retry":
      return {
        ...withSession(part),
        error: { name: "APIError", data: { message: part.error.message, isRetryable: true } },
      };
    case "tool":
      return { ...withSession(part), state: stateOf(part.state) };
    default:
      return withSession(part);
  }
}

const withSession = <P extends PublishedPart>(part: P) => ({ ...part, sessionId: SHARED_SESSION });

type PublishedFile = Pick<Extract<PublishedPart, { type: "file" }>, "mime" | "filename" | "blob">;

/** Content that did not come along has no address. */
function fileOf({ mime, filename, blob }: PublishedFile) {
  const url = blob === undefined ? "" : blob.replace(/^sha256:/, "blob:");
  return { mime, url, ...(filename === undefined ? {} : { filename }) };
}

type ToolState = Extract<Part, { type: "tool" }>["state"];

function stateOf(state: Extract<PublishedPart, { type: "tool" }>["state"]): ToolState {
  const { cut, ...rest } = state;
  // How much there was of it is not told.
  const truncated = cut === true ? { truncated: { hash: "", bytes: 0, lines: 0 } } : {};
  switch (rest.status) {
    case "pending":
      return rest;
    case "completed": {
      const { attachments, ...known } = rest;
      const files = attachments?.map((file) => ({ type: "file" as const, ...fileOf(file) }));
      return {
        ...known,
        ...truncated,
        title: rest.title ?? "",
        output: rest.output ?? "",
        metadata: {},
        ...(files === undefined ? {} : { attachments: files }),
      };
    }
    default:
      return { ...rest, ...truncated };
  }
}

/** A published change as the page's review shows changes; nothing of it can be decided. */
export function changeOf(change: PublishedChange): Change {
  const { cut, hunks, ...rest } = change;
  return {
    ...rest,
    workspaceId: SHARED_WORKSPACE,
    action: "accept",
    revision: 0,
    contributions: [],
    staged: false,
    hunks: hunks.map(({ agents, ...hunk }) => ({ ...hunk, origins: agents.map((agent) => ({ agent })) })),
    ...(cut === true ? { patchTruncated: true } : {}),
  };
}
