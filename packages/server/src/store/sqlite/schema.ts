import type { Migration } from "@holdfast/sqlite";
import { shares } from "./share-schema.ts";

/**
 * Tables of the embedded store. Rowid tables with integer keys (D-34); `id` is what the outside sees. JSON columns hold what only whole rows
 * need. `session.last_position` is where lists find it: the place of the last activity in it among the events of all sessions (D-29), never a time. `event_seq` is the seq of the newest event of a row: a replay sends an entry only when it equals it (D-4). `part.seq` is what the row
 * includes of its deltas (D-13); `part.data` is the last column, so that the others are read without its overflow pages. The unique index on a session's live turn is the last guard against two turns at once, the one key of `workspace_lease` against two writers in one workspace.
 * Rows of no session have `event_position` instead: the place of their newest event, whose older ones are gone. Workspaces, worktrees and changes may go while
 * events still name them, so their numbers are never given twice (AUTOINCREMENT). What outlives a session names it by its id, not by its row.
 */
const initial = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE actor (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, label TEXT NOT NULL,
  UNIQUE (id, kind, label)
);

CREATE TABLE project (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, directory TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  worktree TEXT NOT NULL DEFAULT '{}', event_position INTEGER NOT NULL DEFAULT 0,
  actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL
);

CREATE TABLE workspace (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project INTEGER NOT NULL REFERENCES project (rid),
  kind TEXT NOT NULL CHECK (kind IN ('directory', 'worktree')), directory TEXT NOT NULL UNIQUE,
  concurrency TEXT NOT NULL DEFAULT 'exclusive' CHECK (concurrency IN ('exclusive', 'shared')),
  tracking TEXT, event_position INTEGER NOT NULL DEFAULT 0,
  actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL
);
CREATE INDEX workspace_project ON workspace (project);

CREATE TABLE worktree (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project INTEGER NOT NULL REFERENCES project (rid),
  workspace INTEGER NOT NULL UNIQUE REFERENCES workspace (rid), path TEXT NOT NULL UNIQUE, branch TEXT NOT NULL,
  base_commit TEXT NOT NULL, base_tree TEXT NOT NULL, repository TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('creating', 'active', 'archived', 'removing', 'removed', 'lost')),
  owner INTEGER NOT NULL REFERENCES actor (rid), rescue TEXT, size INTEGER, note TEXT,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, time_archived INTEGER, time_removed INTEGER,
  event_position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX worktree_project ON worktree (project);
CREATE INDEX worktree_state ON worktree (state);

CREATE TABLE operation (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('create', 'archive', 'remove', 'restore', 'apply', 'accept', 'reject', 'undo')),
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'undone', 'conflict')), workspace_id TEXT NOT NULL, worktree_id TEXT,
  actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL, time_ended INTEGER, data TEXT NOT NULL
);
CREATE INDEX operation_workspace ON operation (workspace_id);
CREATE INDEX operation_running ON operation (rid) WHERE state = 'running';
CREATE INDEX operation_ended ON operation (time_ended) WHERE time_ended IS NOT NULL;

CREATE TABLE session (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  parent INTEGER REFERENCES session (rid),
  project INTEGER NOT NULL REFERENCES project (rid),
  workspace INTEGER NOT NULL REFERENCES workspace (rid),
  directory TEXT NOT NULL, title TEXT NOT NULL, agent TEXT NOT NULL, model TEXT,
  approval_mode TEXT NOT NULL, resume_policy TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'idle', retry TEXT, attention TEXT NOT NULL DEFAULT 'none',
  queue_length INTEGER NOT NULL DEFAULT 0 CHECK (queue_length >= 0), queue_paused INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0, trimmed_seq INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0,
  next_ordinal INTEGER NOT NULL DEFAULT 0, next_position INTEGER NOT NULL DEFAULT 0,
  event_seq INTEGER NOT NULL DEFAULT 0, status_seq INTEGER NOT NULL DEFAULT 0, todo_seq INTEGER NOT NULL DEFAULT 0,
  last_position INTEGER NOT NULL DEFAULT 0,
  todos TEXT, usage TEXT NOT NULL DEFAULT '{}',
  actor INTEGER NOT NULL REFERENCES actor (rid),
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, time_archived INTEGER,
  schema_version INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX session_last ON session (last_position);
CREATE INDEX session_directory ON session (directory, last_position);
CREATE INDEX session_workspace ON session (workspace);
CREATE INDEX session_project ON session (project);
CREATE INDEX session_parent ON session (parent) WHERE parent IS NOT NULL;
CREATE INDEX session_queue ON session (rid) WHERE queue_length > 0;

CREATE TABLE claim (
  session INTEGER PRIMARY KEY REFERENCES session (rid) ON DELETE CASCADE,
  instance TEXT NOT NULL REFERENCES instance (id), epoch INTEGER NOT NULL
);

CREATE TABLE workspace_lease (
  workspace INTEGER PRIMARY KEY REFERENCES workspace (rid), turn INTEGER UNIQUE REFERENCES turn (rid) ON DELETE CASCADE,
  session INTEGER UNIQUE REFERENCES session (rid) ON DELETE CASCADE,
  instance TEXT REFERENCES instance (id), epoch INTEGER, operation INTEGER REFERENCES operation (rid) ON DELETE CASCADE,
  CHECK (CASE WHEN operation IS NULL THEN turn IS NOT NULL AND session IS NOT NULL AND instance IS NOT NULL AND epoch IS NOT NULL
    ELSE coalesce(turn, session, instance, epoch) IS NULL END)
);
CREATE INDEX workspace_lease_operation ON workspace_lease (operation) WHERE operation IS NOT NULL;

CREATE TABLE instance (
  id TEXT PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, start_time INTEGER NOT NULL,
  heartbeat INTEGER NOT NULL, ended INTEGER
) WITHOUT ROWID;

CREATE TABLE turn (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  agent TEXT NOT NULL, model TEXT,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finalizing', 'completed', 'failed', 'aborted')),
  reason TEXT, error TEXT, finish TEXT, record TEXT, opened TEXT, opened_by TEXT, waiting_for TEXT, stalled INTEGER,
  lease TEXT CHECK (lease IN ('own', 'borrowed')), cancel_time INTEGER, cancel_actor INTEGER REFERENCES actor (rid),
  merged_into TEXT, resumes TEXT, attempts INTEGER NOT NULL DEFAULT 1, usage TEXT NOT NULL DEFAULT '{}',
  actor INTEGER NOT NULL REFERENCES actor (rid),
  time_queued INTEGER NOT NULL, time_started INTEGER, time_ended INTEGER,
  first_seq INTEGER NOT NULL DEFAULT 0, event_seq INTEGER NOT NULL, swept INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX turn_unswept ON turn (time_ended) WHERE swept = 0 AND time_ended IS NOT NULL;
CREATE INDEX turn_session ON turn (session);
CREATE INDEX turn_started ON turn (session, first_seq) WHERE first_seq > 0;
CREATE UNIQUE INDEX turn_live ON turn (session) WHERE state IN ('running', 'finalizing');

CREATE TABLE input (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  turn INTEGER NOT NULL UNIQUE REFERENCES turn (rid) ON DELETE CASCADE,
  message INTEGER NOT NULL UNIQUE REFERENCES message (rid) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'removed')),
  requested_delivery TEXT NOT NULL, delivery TEXT NOT NULL, position INTEGER NOT NULL,
  format TEXT, system TEXT, tools TEXT, permission_timeout INTEGER,
  actor INTEGER NOT NULL REFERENCES actor (rid),
  time_admitted INTEGER NOT NULL, time_delivered INTEGER, time_removed INTEGER,
  event_seq INTEGER NOT NULL
);
CREATE INDEX input_session ON input (session);
CREATE INDEX input_queue ON input (session, delivery DESC, position) WHERE state = 'queued';

CREATE TABLE message (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  ordinal INTEGER, turn INTEGER NOT NULL REFERENCES turn (rid) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('user', 'assistant')), data TEXT NOT NULL, event_seq INTEGER NOT NULL, schema_version INTEGER NOT NULL DEFAULT 1,
  UNIQUE (session, rid)
);
CREATE UNIQUE INDEX message_place ON message (session, ordinal) WHERE ordinal IS NOT NULL;
CREATE INDEX message_turn ON message (turn, role);

CREATE TABLE part (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, message INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  type TEXT NOT NULL, seq INTEGER NOT NULL, event_seq INTEGER NOT NULL, open INTEGER NOT NULL DEFAULT 0,
  schema_version INTEGER NOT NULL DEFAULT 1, data TEXT NOT NULL,
  FOREIGN KEY (session, message) REFERENCES message (session, rid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX part_place ON part (session, message, ordinal);

CREATE TABLE event (
  position INTEGER PRIMARY KEY,
  session INTEGER REFERENCES session (rid) ON DELETE CASCADE, seq INTEGER, type INTEGER NOT NULL, ref INTEGER,
  extra INTEGER, payload TEXT, workspace INTEGER, turn INTEGER, actor INTEGER NOT NULL, time INTEGER NOT NULL
);
CREATE UNIQUE INDEX event_seq ON event (session, seq) WHERE session IS NOT NULL;
CREATE INDEX event_sessionless ON event (type, time) WHERE session IS NULL;

CREATE TABLE agent_session (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  agent TEXT NOT NULL, status TEXT NOT NULL, cwd TEXT NOT NULL, data TEXT NOT NULL, usage TEXT NOT NULL DEFAULT '{}',
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, event_seq INTEGER NOT NULL,
  UNIQUE (session, agent)
);

CREATE TABLE permission (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  turn INTEGER NOT NULL REFERENCES turn (rid) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('pending', 'replied', 'expired')), data TEXT NOT NULL,
  actor INTEGER REFERENCES actor (rid), deadline INTEGER, time_asked INTEGER NOT NULL, time_ended INTEGER, event_seq INTEGER NOT NULL
);
CREATE INDEX permission_session ON permission (session);
CREATE INDEX permission_turn ON permission (turn);
CREATE INDEX permission_pending ON permission (session) WHERE state = 'pending';

CREATE TABLE change (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, workspace INTEGER NOT NULL REFERENCES workspace (rid), key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'conflict')), revision INTEGER NOT NULL CHECK (revision > 0), reviewed INTEGER,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, event_position INTEGER NOT NULL DEFAULT 0,
  schema_version INTEGER NOT NULL DEFAULT 1, contributions TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (workspace, key)
);

CREATE TABLE snapshot (
  rid INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, workspace INTEGER NOT NULL REFERENCES workspace (rid), session_id TEXT, turn_id TEXT,
  commit_id TEXT NOT NULL, tree TEXT NOT NULL, time INTEGER NOT NULL
);
CREATE INDEX snapshot_workspace ON snapshot (workspace);
CREATE INDEX snapshot_turn ON snapshot (turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX snapshot_time ON snapshot (time);

CREATE TABLE session_note (
  rid INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE, kind TEXT NOT NULL CHECK (kind IN ('rejected')),
  paths TEXT NOT NULL, turn_id TEXT, time INTEGER NOT NULL
);
CREATE INDEX session_note_session ON session_note (session);

CREATE TABLE worktree_audit (
  rid INTEGER PRIMARY KEY, worktree_id TEXT, path TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL,
  actor INTEGER NOT NULL REFERENCES actor (rid), time INTEGER NOT NULL
);
CREATE INDEX worktree_audit_time ON worktree_audit (time);

CREATE TABLE permission_rule (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project INTEGER NOT NULL REFERENCES project (rid),
  session INTEGER REFERENCES session (rid) ON DELETE CASCADE, agent TEXT NOT NULL, kind TEXT NOT NULL, pattern TEXT NOT NULL,
  actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL
);
CREATE INDEX permission_rule_project ON permission_rule (project);
CREATE INDEX permission_rule_session ON permission_rule (session) WHERE session IS NOT NULL;

CREATE TABLE idempotency (
  rid INTEGER PRIMARY KEY, actor TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
  body_hash TEXT NOT NULL, result TEXT NOT NULL, session INTEGER REFERENCES session (rid) ON DELETE CASCADE, time INTEGER NOT NULL,
  UNIQUE (actor, method, route, key)
);
CREATE INDEX idempotency_time ON idempotency (time) WHERE session IS NULL;
CREATE INDEX idempotency_session ON idempotency (session) WHERE session IS NOT NULL;

CREATE TABLE process (
  launch_id TEXT PRIMARY KEY, instance TEXT NOT NULL, session_id TEXT NOT NULL, agent TEXT NOT NULL, argv_hash TEXT NOT NULL,
  pid INTEGER, start_time TEXT, process_group INTEGER, temporary_directory TEXT, time INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE blob (
  rid INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, bytes BLOB,
  count INTEGER NOT NULL DEFAULT 0 CHECK (count >= 0), unused_since INTEGER
);
CREATE INDEX blob_unused ON blob (unused_since) WHERE count = 0;
CREATE TABLE blob_reference (
  session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE, blob INTEGER NOT NULL REFERENCES blob (rid), mime TEXT NOT NULL,
  PRIMARY KEY (session, blob)
) WITHOUT ROWID;
CREATE INDEX blob_reference_blob ON blob_reference (blob);
CREATE TRIGGER blob_referenced AFTER INSERT ON blob_reference BEGIN
  UPDATE blob SET count = count + 1, unused_since = NULL WHERE rid = new.blob;
END;
CREATE TRIGGER blob_released AFTER DELETE ON blob_reference BEGIN
  UPDATE blob SET count = count - 1, unused_since = CASE WHEN count = 1 THEN unixepoch() * 1000 ELSE NULL END WHERE rid = old.blob;
END;

CREATE TABLE browser_token (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, label TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER
) WITHOUT ROWID;

CREATE TABLE agent_facts (agent TEXT PRIMARY KEY, version TEXT, features TEXT NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE tombstone (session_id TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX tombstone_time ON tombstone (time);
`;

/**
 * Lists of sessions are of those that are archived or of those that are not: each is walked and counted in an index of its own. Those of a project come in
 * their order, as those of a directory do (D-29).
 */
const countedLists = `
CREATE INDEX session_listed ON session (last_position) WHERE time_archived IS NULL;
CREATE INDEX session_archived ON session (last_position) WHERE time_archived IS NOT NULL;
DROP INDEX session_project;
CREATE INDEX session_project ON session (project, last_position);
`;

/** Who works at an operation: a later owner has a higher epoch. Whatever ran before this step belongs to nobody, and its files are here. */
const operationOwners = `
ALTER TABLE operation ADD COLUMN instance TEXT;
ALTER TABLE operation ADD COLUMN host TEXT;
ALTER TABLE operation ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
`;

/** What agents ask beside permissions: rows of the same form. */
const questions = `
CREATE TABLE question (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  turn INTEGER NOT NULL REFERENCES turn (rid) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('pending', 'replied', 'expired')), data TEXT NOT NULL,
  actor INTEGER REFERENCES actor (rid), deadline INTEGER, time_asked INTEGER NOT NULL, time_ended INTEGER, event_seq INTEGER NOT NULL
);
CREATE INDEX question_session ON question (session);
CREATE INDEX question_turn ON question (turn);
CREATE INDEX question_pending ON question (session) WHERE state = 'pending';
`;

/** MCP servers of projects and sessions, by their names: JSON with whatever secrets they need. */
const mcpServers = `
ALTER TABLE project ADD COLUMN mcp_servers TEXT;
ALTER TABLE session ADD COLUMN mcp_servers TEXT;
`;

/** What a session waits for at its agent's usage limit, and how often it goes on by itself after it. */
const usageLimits = `
ALTER TABLE session ADD COLUMN suspended TEXT;
ALTER TABLE session ADD COLUMN limit_attempts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_suspended ON session (rid) WHERE suspended IS NOT NULL;
`;

/** Which session of its agent a session only shows. */
const mirrors = "ALTER TABLE session ADD COLUMN mirrors TEXT;";

/** Whether a turn is stopped for an input that comes next (D-8). */
const superseded = "ALTER TABLE turn ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;";

/**
 * Refs (S-13): a grant by the hash of its secret, what was done through it (S-16), and comments (S-14). They name their session by its id, because grants and
 * their audit outlive it. `hour` is the start of an hour in rows that count what was read or refused in it.
 */
const refs = `
ALTER TABLE session ADD COLUMN capability_epoch INTEGER NOT NULL DEFAULT 1;
CREATE TABLE ref (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, parent INTEGER REFERENCES ref (rid),
  session_id TEXT NOT NULL, rights TEXT NOT NULL, caveats TEXT NOT NULL, label TEXT NOT NULL, epoch INTEGER NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0, actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL, time_used INTEGER,
  time_expired INTEGER, time_revoked INTEGER, revoked_by INTEGER REFERENCES actor (rid), revoked_reason TEXT, event_position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ref_session ON ref (session_id);
CREATE INDEX ref_parent ON ref (parent) WHERE parent IS NOT NULL;

CREATE TABLE ref_audit (
  rid INTEGER PRIMARY KEY, ref INTEGER REFERENCES ref (rid), action TEXT NOT NULL, peer TEXT NOT NULL, hour INTEGER,
  count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, detail TEXT
);
CREATE INDEX ref_audit_ref ON ref_audit (ref);
CREATE INDEX ref_audit_hour ON ref_audit (ref, hour) WHERE hour IS NOT NULL;
CREATE INDEX ref_audit_last ON ref_audit (last);

CREATE TABLE ref_day (
  ref INTEGER NOT NULL REFERENCES ref (rid), peer TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (ref, peer, day)
) WITHOUT ROWID;

CREATE TABLE comment (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL REFERENCES session (rid) ON DELETE CASCADE,
  subject TEXT NOT NULL, text TEXT NOT NULL, actor INTEGER NOT NULL REFERENCES actor (rid), time_created INTEGER NOT NULL, event_seq INTEGER NOT NULL
);
CREATE INDEX comment_session ON comment (session);
`;

/** Forward-only, each in one transaction, recorded with its checksum (D-33): a released step is never edited. */
export const migrations: readonly Migration[] = [
  { version: 1, name: "initial", sql: initial },
  { version: 2, name: "counted lists", sql: countedLists },
  { version: 3, name: "operation owners", sql: operationOwners },
  { version: 4, name: "questions", sql: questions },
  { version: 5, name: "mcp servers", sql: mcpServers },
  { version: 6, name: "usage limits", sql: usageLimits },
  { version: 7, name: "mirrors", sql: mirrors },
  { version: 8, name: "superseded turns", sql: superseded },
  { version: 9, name: "shares", sql: shares },
  { version: 10, name: "refs", sql: refs },
];
