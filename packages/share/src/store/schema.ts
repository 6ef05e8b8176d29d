import type { Migration } from "@holdfast/sqlite";

/**
 * Tables of the share service. `share.store` is the store that it was last confirmed for: of another than `meta.store_id` it is hidden (S-24). A share
 * that is gone keeps its row for ever, so that nothing takes its id again; a share has at most one live and one staged stream.
 *
 * `item` is the present state of a stream, one row per key: `data` is the row as it was published (none where it is `omitted`), `hash` that of the
 * operation that wrote it, `seq` the place of its newest event in the share's own numbers. There is no log of events beside: what a reader missed is
 * the items, removals and comments above its cursor, as they are now. `growth` is what a part grew by since `data`. `ledger` keeps hashes only (S-26).
 */
const initial = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE share (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, publish_key TEXT NOT NULL, store TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('live', 'expired', 'revoked')),
  mode TEXT NOT NULL DEFAULT 'none' CHECK (mode IN ('none', 'ops', 'whole')), is_public INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL, capability_epoch INTEGER NOT NULL DEFAULT 1,
  writer_epoch INTEGER NOT NULL DEFAULT 0, writer_nonce TEXT,
  live INTEGER REFERENCES stream (rid), staged INTEGER REFERENCES stream (rid),
  last_seq INTEGER NOT NULL DEFAULT 0, trimmed_seq INTEGER NOT NULL DEFAULT 0,
  other_bytes INTEGER NOT NULL DEFAULT 0, quota INTEGER NOT NULL,
  expires_at INTEGER, time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL
);
CREATE INDEX share_key ON share (publish_key, rid);
CREATE INDEX share_expiry ON share (expires_at) WHERE expires_at IS NOT NULL AND state = 'live';

CREATE TABLE ref_grant (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL, share INTEGER NOT NULL REFERENCES share (rid),
  parent INTEGER REFERENCES ref_grant (rid), root INTEGER REFERENCES ref_grant (rid), hash TEXT NOT NULL,
  rights TEXT NOT NULL, caveats TEXT NOT NULL DEFAULT '{}', label TEXT NOT NULL DEFAULT '', epoch INTEGER NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0, expires_at INTEGER, expired_at INTEGER,
  revoked_at INTEGER, revoked_by TEXT, revoked_reason TEXT, time_created INTEGER NOT NULL, time_used INTEGER,
  UNIQUE (share, id), UNIQUE (share, hash)
);
CREATE INDEX ref_grant_hash ON ref_grant (hash);
CREATE INDEX ref_grant_parent ON ref_grant (parent) WHERE parent IS NOT NULL;
CREATE INDEX ref_grant_expiry ON ref_grant (expires_at) WHERE expires_at IS NOT NULL AND expired_at IS NULL;
CREATE TABLE grant_day (
  ref_grant INTEGER NOT NULL REFERENCES ref_grant (rid) ON DELETE CASCADE, peer TEXT NOT NULL, day INTEGER NOT NULL,
  PRIMARY KEY (ref_grant, peer, day)
) WITHOUT ROWID;

CREATE TABLE audit (
  rid INTEGER PRIMARY KEY, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, ref TEXT,
  action TEXT NOT NULL, peer TEXT NOT NULL, hour INTEGER, count INTEGER NOT NULL DEFAULT 1,
  first INTEGER NOT NULL, last INTEGER NOT NULL, detail TEXT
);
CREATE INDEX audit_share ON audit (share, rid);
CREATE INDEX audit_last ON audit (last);
CREATE UNIQUE INDEX audit_hour ON audit (share, coalesce(ref, ''), action, peer, hour) WHERE hour IS NOT NULL;

CREATE TABLE writer (
  share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, nonce TEXT NOT NULL, epoch INTEGER NOT NULL,
  publisher TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (share, nonce)
) WITHOUT ROWID;
CREATE INDEX writer_epoch ON writer (share, epoch);

CREATE TABLE stream (
  rid INTEGER PRIMARY KEY AUTOINCREMENT, share INTEGER NOT NULL REFERENCES share (rid), id TEXT NOT NULL,
  cursor INTEGER NOT NULL DEFAULT 0, chain TEXT NOT NULL, forgotten INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0, time_created INTEGER NOT NULL
);
CREATE INDEX stream_share ON stream (share);
CREATE TABLE known_stream (
  rid INTEGER PRIMARY KEY, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, id TEXT NOT NULL,
  UNIQUE (share, id)
);

CREATE TABLE item (
  rid INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream (rid) ON DELETE CASCADE, key TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('session', 'models', 'usage', 'message', 'part', 'change')),
  parent TEXT, ordinal INTEGER, omitted TEXT, hash TEXT NOT NULL, seq INTEGER NOT NULL, bytes INTEGER NOT NULL, data TEXT,
  UNIQUE (stream, key)
);
CREATE INDEX item_message ON item (stream, ordinal, key) WHERE kind = 'message';
CREATE INDEX item_part ON item (stream, parent, ordinal) WHERE kind = 'part';
CREATE INDEX item_seq ON item (stream, seq);
CREATE TABLE growth (
  rid INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES item (rid) ON DELETE CASCADE,
  field TEXT NOT NULL, length INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX growth_item ON growth (item);
CREATE TABLE removal (
  share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, key TEXT NOT NULL, parent TEXT, seq INTEGER NOT NULL,
  PRIMARY KEY (share, key)
) WITHOUT ROWID;
CREATE INDEX removal_seq ON removal (share, seq);

CREATE TABLE ledger (
  stream INTEGER NOT NULL REFERENCES stream (rid) ON DELETE CASCADE, seq INTEGER NOT NULL, op_id TEXT NOT NULL,
  hash TEXT NOT NULL, code TEXT, PRIMARY KEY (stream, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_op ON ledger (stream, op_id);

CREATE TABLE blob (
  rid INTEGER PRIMARY KEY, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, hash TEXT NOT NULL,
  size INTEGER NOT NULL, time_created INTEGER NOT NULL, UNIQUE (share, hash)
);
CREATE TABLE blob_use (
  item INTEGER NOT NULL REFERENCES item (rid) ON DELETE CASCADE, blob INTEGER NOT NULL REFERENCES blob (rid) ON DELETE CASCADE,
  mime TEXT NOT NULL, PRIMARY KEY (item, blob)
) WITHOUT ROWID;
CREATE INDEX blob_use_blob ON blob_use (blob);

CREATE TABLE comment (
  rid INTEGER PRIMARY KEY, share INTEGER NOT NULL REFERENCES share (rid) ON DELETE CASCADE, id TEXT NOT NULL,
  target TEXT NOT NULL, text TEXT NOT NULL, ref TEXT NOT NULL, label TEXT NOT NULL, seq INTEGER NOT NULL,
  time_created INTEGER NOT NULL, UNIQUE (share, id)
);
CREATE INDEX comment_seq ON comment (share, seq);
`;

/**
 * The first document of a session that is at rest, by the content of its file beside (S-19). It is of `seq`, the share's newest event, and goes in the
 * transaction of the next one (S-26): what is masked or removed since stands in none.
 */
const snapshots = `
CREATE TABLE snapshot (share INTEGER PRIMARY KEY REFERENCES share (rid) ON DELETE CASCADE, state TEXT NOT NULL, hash TEXT NOT NULL);
`;

export const migrations: readonly Migration[] = [
  { version: 1, name: "initial", sql: initial },
  { version: 2, name: "snapshots", sql: snapshots },
];
