/**
 * Shares and their outbox (S-2, S-3, S-21, S-26). A share names its session by the id and outlives it; `session.shared` and `workspace.shared` are 1 while one
 * of theirs takes marks, so that a row that nobody shares costs its writer no statement. Marks stand in the order of `rid`, which is never given twice; a mark
 * that was raised while it was read goes behind the others. `secrets` and `share_mask.value` are the only secrets in clear.
 */
export const shares = `
ALTER TABLE session ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspace ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;

CREATE TABLE share (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL, title TEXT NOT NULL, service TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('creating', 'live', 'paused', 'fenced', 'parked', 'revoking', 'revoked', 'expired', 'detached')),
  secrets TEXT NOT NULL, includes TEXT NOT NULL, expires INTEGER, claim INTEGER NOT NULL DEFAULT 0, adopt INTEGER NOT NULL DEFAULT 0,
  store_id TEXT, capability_epoch INTEGER NOT NULL DEFAULT 1,
  stream TEXT, begun INTEGER NOT NULL DEFAULT 0, committed INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0, chain TEXT,
  paging TEXT, paged_to INTEGER NOT NULL DEFAULT 0, resyncs TEXT NOT NULL DEFAULT '[]',
  attempts INTEGER NOT NULL DEFAULT 0, next_retry INTEGER, last_error TEXT,
  actor INTEGER NOT NULL REFERENCES actor (rid),
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, time_acknowledged INTEGER, time_told INTEGER NOT NULL DEFAULT 0,
  event_position INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX share_session ON share (session_id);
CREATE INDEX share_open ON share (rid) WHERE state NOT IN ('revoked', 'expired', 'detached');
CREATE INDEX share_ended ON share (time_updated) WHERE state IN ('revoked', 'expired', 'detached');

CREATE TABLE share_dirty (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, key TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1, time INTEGER NOT NULL, UNIQUE (share, key)
);
CREATE INDEX share_dirty_order ON share_dirty (share, rid);

CREATE TABLE share_batch (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, stream TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'in_flight', 'acked', 'failed')),
  first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, previous_chain TEXT NOT NULL, chain TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next_retry INTEGER, last_error TEXT, time_frozen INTEGER NOT NULL, time_ended INTEGER
);
CREATE INDEX share_batch_share ON share_batch (share, rid);
CREATE UNIQUE INDEX share_batch_open ON share_batch (share) WHERE state IN ('pending', 'in_flight');

CREATE TABLE share_operation (
  batch INTEGER NOT NULL REFERENCES share_batch (rid) ON DELETE CASCADE, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
  key TEXT NOT NULL, depends_on TEXT NOT NULL, payload TEXT NOT NULL, payload_hash TEXT NOT NULL, sent TEXT,
  PRIMARY KEY (batch, seq)
) WITHOUT ROWID;

CREATE TABLE share_sent (
  share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, key TEXT NOT NULL, parent TEXT, omitted TEXT, form TEXT NOT NULL,
  PRIMARY KEY (share, key)
) WITHOUT ROWID;
CREATE INDEX share_sent_parent ON share_sent (share, parent) WHERE parent IS NOT NULL;
CREATE INDEX share_sent_omitted ON share_sent (share) WHERE omitted IS NOT NULL;

CREATE TABLE share_withheld (
  share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, key TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (share, key)
) WITHOUT ROWID;

CREATE TABLE share_task (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, state TEXT NOT NULL
  CHECK (state IN ('pending', 'done', 'failed')), task TEXT NOT NULL, error TEXT, time INTEGER NOT NULL
);
CREATE INDEX share_task_share ON share_task (share, rid);

CREATE TABLE share_nonce (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, nonce TEXT NOT NULL
);
CREATE INDEX share_nonce_share ON share_nonce (share, rid);

CREATE TABLE share_mask (
  share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, number INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (share, number), UNIQUE (share, value)
) WITHOUT ROWID;

CREATE TABLE share_blob (
  rid INTEGER PRIMARY KEY, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, hash TEXT NOT NULL, mime TEXT NOT NULL,
  size INTEGER NOT NULL, bytes BLOB, uploaded INTEGER NOT NULL DEFAULT 0, UNIQUE (share, hash)
);
CREATE INDEX share_blob_waiting ON share_blob (share) WHERE uploaded = 0;
`;
