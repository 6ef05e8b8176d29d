-- What a share service of schema version 1 stored, word for word. It is never edited: a newer program opens it (D-33).
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 0;
BEGIN;
CREATE TABLE holdfast_migration (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
) STRICT;
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
INSERT INTO holdfast_migration (version, name, checksum, applied_at) VALUES (1, 'initial', '7c54566d6c5dbefb00b0556743e6ce362eb7010e5f3876d857ee02004994cc41', 1700000000000);
INSERT INTO meta (key, value) VALUES ('store_id', '01hf7yat00esnt0pndgb2mxyh8');
INSERT INTO share (rid, id, publish_key, store, state, mode, is_public, title, capability_epoch, writer_epoch, writer_nonce, live, staged, last_seq, trimmed_seq, other_bytes, quota, expires_at, time_created, time_updated) VALUES (1, 'shr_01m8p7tx76f5gbw0g1h180myva', '59b7e5a8b7d711743656faccf255373b30071eba6e0ffcef243b5e804f5c658c', '01hf7yat00esnt0pndgb2mxyh8', 'live', 'ops', 0, 'A session', 1, 1, 'af1815735edc02d52c7f9d251f6901e492e59d42ce4b20efdd6e27098c1b7665', 1, NULL, 5, 0, 4, 536870912, NULL, 1700000000000, 1700000000000);
INSERT INTO ref_grant (rid, id, share, parent, root, hash, rights, caveats, label, epoch, uses, expires_at, expired_at, revoked_at, revoked_by, revoked_reason, time_created, time_used) VALUES (1, 'ref_01m8p7tx76e999std29tjhhfs0', 1, NULL, NULL, 'f11eda6acd0439737ecae9a98073bbe1b7097d1b1ca49f3daeccb62fb172dbe5', '["read","comment","share","admin"]', '{}', 'Owner', 1, 4, NULL, NULL, NULL, NULL, NULL, 1700000000000, 1700000000000);
INSERT INTO ref_grant (rid, id, share, parent, root, hash, rights, caveats, label, epoch, uses, expires_at, expired_at, revoked_at, revoked_by, revoked_reason, time_created, time_used) VALUES (2, 'ref_01m8p7tx76e0b9jk4g3rxvb3ne', 1, NULL, NULL, 'af98cad7b003ce07acf3968d98e9ae7ebad65db9d7a43ef88ba12e55c10e5d78', '["append"]', '{}', 'Publisher', 1, 2, NULL, NULL, NULL, NULL, NULL, 1700000000000, 1700000000000);
INSERT INTO ref_grant (rid, id, share, parent, root, hash, rights, caveats, label, epoch, uses, expires_at, expired_at, revoked_at, revoked_by, revoked_reason, time_created, time_used) VALUES (3, 'ref_01m8p7txa1ej5sc0r4twehbxyr', 1, 1, 1, 'ce2ba8a552026fa0717f4e45371e41fc7e040d181a21f932079c085de6a4f4e5', '["read","comment"]', '{}', 'Ada', 1, 1, NULL, NULL, NULL, NULL, NULL, 1700000000000, 1700000000000);
INSERT INTO ref_grant (rid, id, share, parent, root, hash, rights, caveats, label, epoch, uses, expires_at, expired_at, revoked_at, revoked_by, revoked_reason, time_created, time_used) VALUES (4, 'ref_01m8p7txa4enzstf594hyyxsf8', 1, 1, 1, '788d9e42aad4c277cd2daf32d7f6fefe5571ab9bb2fd2a5d027a24d7ad70def4', '["read"]', '{}', '', 1, 0, NULL, NULL, 1700000000000, 'ref_01m8p7tx76e999std29tjhhfs0', NULL, 1700000000000, NULL);
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (1, 1, NULL, 'createShare', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, NULL);
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (2, 1, 'ref_01m8p7tx76e0b9jk4g3rxvb3ne', 'openWriter', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'pub_01m8p7tx76edvvbs2m8a0775pd');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (3, 1, 'ref_01m8p7tx76e0b9jk4g3rxvb3ne', 'beginStream', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'stm_01m8p7tx9af7tr98tekqbjay8p');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (4, 1, 'ref_01m8p7tx76e0b9jk4g3rxvb3ne', 'appendOps', '192.0.2.1', 472222, 2, 1700000000000, 1700000000000, NULL);
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (5, 1, 'ref_01m8p7tx76e0b9jk4g3rxvb3ne', 'commitStream', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'stm_01m8p7tx9af7tr98tekqbjay8p');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (6, 1, 'ref_01m8p7tx76e999std29tjhhfs0', 'attenuate', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'ref_01m8p7txa1ej5sc0r4twehbxyr');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (7, 1, 'ref_01m8p7tx76e999std29tjhhfs0', 'attenuate', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'ref_01m8p7txa4enzstf594hyyxsf8');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (8, 1, 'ref_01m8p7tx76e999std29tjhhfs0', 'revokeCapability', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'ref_01m8p7txa4enzstf594hyyxsf8');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (9, 1, 'ref_01m8p7txa1ej5sc0r4twehbxyr', 'comment', '192.0.2.1', NULL, 1, 1700000000000, 1700000000000, 'cmt_01m8p7txa7fp79kb425s3655r5');
INSERT INTO audit (rid, share, ref, action, peer, hour, count, first, last, detail) VALUES (10, 1, 'ref_01m8p7txa1ej5sc0r4twehbxyr', 'read', '192.0.2.1', 472222, 1, 1700000000000, 1700000000000, NULL);
INSERT INTO writer (share, nonce, epoch, publisher, time) VALUES (1, 'af1815735edc02d52c7f9d251f6901e492e59d42ce4b20efdd6e27098c1b7665', 1, 'pub_01m8p7tx76edvvbs2m8a0775pd', 1700000000000);
INSERT INTO stream (rid, share, id, cursor, chain, forgotten, bytes, time_created) VALUES (1, 1, 'stm_01m8p7tx9af7tr98tekqbjay8p', 4, '5c47390bf53ccad7449373c4012bc19220633c0378d14b2e64568dc3051ec589', 0, 704, 1700000000000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('stream', 1);
INSERT INTO known_stream (rid, share, id) VALUES (1, 1, 'stm_01m8p7tx9af7tr98tekqbjay8p');
INSERT INTO item (rid, stream, key, kind, parent, ordinal, omitted, hash, seq, bytes, data) VALUES (1, 1, 'session', 'session', NULL, NULL, NULL, 'b454efe92ad1e7c5a0e16f17cea4d7844f18697f9e45efc5be285b03b52b1001', 1, 215, '{"title":"Stored","agent":"rehearsal","status":"idle","time":{"created":1,"updated":2}}');
INSERT INTO item (rid, stream, key, kind, parent, ordinal, omitted, hash, seq, bytes, data) VALUES (2, 1, 'message:msg_01m8p7tx76feqacg4fh3arnf4j', 'message', NULL, 0, NULL, '323dfd600498d1043ef6ec1bae93861022066180b95d33eb79ea62856cad91cb', 2, 234, '{"id":"msg_01m8p7tx76feqacg4fh3arnf4j","ordinal":0,"agent":"rehearsal","role":"user","time":{"created":1}}');
INSERT INTO item (rid, stream, key, kind, parent, ordinal, omitted, hash, seq, bytes, data) VALUES (3, 1, 'part:prt_01m8p7tx76e57t46wc3hsc7zg1', 'part', 'msg_01m8p7tx76feqacg4fh3arnf4j', 0, NULL, 'be3c72d735a537e31ba198caf0873d77817705bd9caa86929072bd3e6ffecdf8', 4, 255, '{"id":"prt_01m8p7tx76e57t46wc3hsc7zg1","messageId":"msg_01m8p7tx76feqacg4fh3arnf4j","ordinal":0,"type":"text","text":"one"}');
INSERT INTO growth (rid, item, field, length, text) VALUES (1, 3, 'text', 4, ' two');
INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (1, 1, 'sop_01m8p7tx9cfzg8krg0yqbeaczx', 'b454efe92ad1e7c5a0e16f17cea4d7844f18697f9e45efc5be285b03b52b1001', NULL);
INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (1, 2, 'sop_01m8p7tx9cew9smhqts6aw3j2q', '323dfd600498d1043ef6ec1bae93861022066180b95d33eb79ea62856cad91cb', NULL);
INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (1, 3, 'sop_01m8p7tx9cfz48wa2hzcct2zgw', 'be3c72d735a537e31ba198caf0873d77817705bd9caa86929072bd3e6ffecdf8', NULL);
INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (1, 4, 'sop_01m8p7tx9yf7qvyh77tc9eydy9', 'fe581a674146bf1fe755024c6434a12b8271d8f02b20fededfd0b89e1593629a', NULL);
INSERT INTO comment (rid, share, id, target, text, ref, label, seq, time_created) VALUES (1, 1, 'cmt_01m8p7txa7fp79kb425s3655r5', 'msg_01m8p7tx76feqacg4fh3arnf4j', 'Good', 'ref_01m8p7txa1ej5sc0r4twehbxyr', 'Ada', 5, 1700000000000);
PRAGMA user_version = 1;
COMMIT;
