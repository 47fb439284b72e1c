"""Tables of `state.db`. Forward only: a migration that was released is never changed."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE checkpoints (
      site TEXT NOT NULL, offset INTEGER NOT NULL, ts_ns INTEGER NOT NULL, state BLOB NOT NULL,
      PRIMARY KEY (site, offset)) WITHOUT ROWID;
    CREATE TABLE transitions (
      key TEXT PRIMARY KEY, site TEXT NOT NULL, fingerprint TEXT NOT NULL, before TEXT NOT NULL,
      after TEXT NOT NULL, cause INTEGER NOT NULL, ts_ns INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE INDEX transitions_by_site ON transitions (site, ts_ns);
    CREATE TABLE cursors (reader TEXT PRIMARY KEY, offset INTEGER NOT NULL);
    CREATE TABLE commands (
      id TEXT PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, issued_by TEXT NOT NULL,
      issued_ns INTEGER NOT NULL, body BLOB NOT NULL, applied_cause INTEGER);
    CREATE INDEX commands_to_apply ON commands (id) WHERE applied_cause IS NULL;
    """,
    # Times that end in _ns are site time in alerts, transitions and notices, else the clock's.
    # A notice is what is told, once whatever the endpoints; the outbox has a row an endpoint.
    """
    CREATE TABLE alerts (
      id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, site TEXT NOT NULL, rule TEXT NOT NULL,
      point TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL, handling TEXT NOT NULL,
      handled_by TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
      raised_ns INTEGER NOT NULL, started_ns INTEGER NOT NULL, ended_ns INTEGER,
      changed_ns INTEGER NOT NULL, score REAL NOT NULL, worst REAL NOT NULL,
      evidence BLOB NOT NULL);
    CREATE INDEX alerts_by_start ON alerts (started_ns, id);
    CREATE INDEX alerts_by_site ON alerts (site, started_ns, id);
    CREATE INDEX alerts_open ON alerts (started_ns, id) WHERE state <> 'resolved';
    CREATE INDEX transitions_by_fingerprint ON transitions (fingerprint, ts_ns);
    ALTER TABLE commands ADD COLUMN alert TEXT NOT NULL DEFAULT '';
    ALTER TABLE commands ADD COLUMN outcome TEXT;
    ALTER TABLE commands ADD COLUMN applied_ns INTEGER;
    CREATE INDEX commands_by_alert ON commands (alert, issued_ns);
    CREATE TABLE endpoints (
      id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, enabled INTEGER NOT NULL,
      created_ns INTEGER NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL);
    CREATE TABLE notices (
      key TEXT PRIMARY KEY, site TEXT NOT NULL, fingerprint TEXT NOT NULL, alert TEXT NOT NULL,
      kind TEXT NOT NULL, ts_ns INTEGER NOT NULL, cause INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE INDEX notices_by_alert ON notices (alert, ts_ns);
    CREATE TABLE outbox (
      position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
      notice TEXT NOT NULL, endpoint TEXT NOT NULL, alert TEXT NOT NULL, state TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0, again INTEGER NOT NULL DEFAULT 0,
      first_ns INTEGER, due_ns INTEGER NOT NULL DEFAULT 0, changed_ns INTEGER NOT NULL DEFAULT 0,
      reason TEXT NOT NULL DEFAULT '');
    CREATE INDEX outbox_open ON outbox (endpoint, alert, position)
      WHERE state IN ('queued', 'sending', 'retrying', 'redelivered');
    CREATE INDEX outbox_due ON outbox (endpoint, position)
      WHERE state IN ('queued', 'retrying', 'redelivered');
    CREATE INDEX outbox_by_alert ON outbox (alert, position);
    CREATE INDEX outbox_by_notice ON outbox (notice);
    CREATE TABLE deliveries (
      position INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, number INTEGER NOT NULL,
      started_ns INTEGER NOT NULL, took_ms REAL NOT NULL, url TEXT NOT NULL,
      address TEXT NOT NULL, request_headers TEXT NOT NULL, status INTEGER,
      answer BLOB NOT NULL, reason TEXT NOT NULL, state TEXT NOT NULL);
    CREATE INDEX deliveries_by_message ON deliveries (message, number);
    CREATE TABLE audit (
      position INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, by TEXT NOT NULL,
      what TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL);
    """,
    # Of keys and sessions only digests are kept. A name is free again once its key is revoked.
    """
    CREATE TABLE keys (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL, scope TEXT NOT NULL,
      sites TEXT NOT NULL, created_ns INTEGER NOT NULL, created_by TEXT NOT NULL,
      expires_ns INTEGER, revoked_ns INTEGER, used_ns INTEGER);
    CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_ns IS NULL;
    CREATE TABLE sessions (
      digest BLOB PRIMARY KEY, key TEXT NOT NULL, created_ns INTEGER NOT NULL,
      expires_ns INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX sessions_by_key ON sessions (key, created_ns);
    """,
    # A letter waits once. What came of it stands beside the letter, so that the row then goes.
    """
    CREATE TABLE retries (
      id TEXT PRIMARY KEY, stage TEXT NOT NULL, letter INTEGER NOT NULL, asked_by TEXT NOT NULL,
      asked_ns INTEGER NOT NULL);
    CREATE UNIQUE INDEX retries_by_letter ON retries (stage, letter);
    """,
    # What a sink refused. `size` is that of the whole line; counts go on when rows are trimmed.
    """
    CREATE TABLE undelivered (
      id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, sink TEXT NOT NULL,
      log TEXT NOT NULL, offset INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,
      ts_ns INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, line TEXT NOT NULL,
      size INTEGER NOT NULL, request TEXT NOT NULL DEFAULT '', retried_ns INTEGER,
      stored INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '');
    CREATE TABLE undelivered_counts (
      sink TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (sink, reason)) WITHOUT ROWID;
    """,
    # Hours of which buckets are to be made anew: `minutes` is a bit for each minute that changed.
    # A site is in `downsampled` once all that its bucket held before is marked.
    """
    CREATE TABLE downsampling (
      sink TEXT NOT NULL, site TEXT NOT NULL, hour INTEGER NOT NULL, minutes INTEGER NOT NULL,
      PRIMARY KEY (sink, site, hour)) WITHOUT ROWID;
    CREATE TABLE downsampled (
      sink TEXT NOT NULL, site TEXT NOT NULL, place TEXT NOT NULL,
      PRIMARY KEY (sink, site)) WITHOUT ROWID;
    """,
)
