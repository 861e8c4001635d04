package store

// migrations bring a database from each version to the next; the version is SQLite's user_version. Those that were
// released are not changed. Times are nanoseconds since 1970, UTC.
var migrations = []string{`
CREATE TABLE plan (
	digest TEXT PRIMARY KEY,
	data   BLOB NOT NULL -- JSON
) WITHOUT ROWID;

CREATE TABLE run (
	num         INTEGER PRIMARY KEY,
	id          TEXT NOT NULL UNIQUE,
	integration TEXT NOT NULL,
	plan        TEXT NOT NULL,
	status      TEXT NOT NULL, -- running, interrupted, succeeded, failed, in_doubt, canceled
	started     INTEGER NOT NULL,
	ended       INTEGER,
	inputs      TEXT,
	outputs     TEXT,
	error       TEXT,
	writes      INTEGER NOT NULL DEFAULT 0,
	cause       TEXT NOT NULL DEFAULT '',
	resumed     INTEGER NOT NULL DEFAULT 0,
	cancel      INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX run_started ON run (started, id);
CREATE INDEX run_status ON run (status);

-- The journal of each run: what it asked of the world, and what came back.
CREATE TABLE record (
	run     INTEGER NOT NULL REFERENCES run (num),
	seq     INTEGER NOT NULL,
	kind    TEXT NOT NULL,
	key     TEXT NOT NULL,
	data    TEXT,
	payload BLOB,    -- NULL with a digest: a file of that name under blobs/RUN
	digest  TEXT,
	size    INTEGER NOT NULL DEFAULT 0, -- of the payload
	crc     INTEGER NOT NULL,
	PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE INDEX record_digest ON record (run, digest) WHERE digest IS NOT NULL;

-- What happened in each run, for readers; redacted.
CREATE TABLE fact (
	run  INTEGER NOT NULL REFERENCES run (num),
	seq  INTEGER NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (run, seq)
) WITHOUT ROWID;

CREATE TABLE state (
	integration TEXT NOT NULL,
	name        TEXT NOT NULL,
	value       TEXT NOT NULL, -- JSON
	PRIMARY KEY (integration, name)
) WITHOUT ROWID;

-- Keys of items that are not to be worked on again.
CREATE TABLE seen (
	scope TEXT NOT NULL,
	key   TEXT NOT NULL,
	at    INTEGER NOT NULL,
	until INTEGER,
	by    TEXT NOT NULL,
	done  INTEGER NOT NULL, -- 0: somebody is at it
	PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX seen_until ON seen (until) WHERE until IS NOT NULL;

CREATE TABLE held (
	name TEXT PRIMARY KEY,
	run  TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE doubt (
	run     TEXT NOT NULL,
	key     TEXT NOT NULL,
	at      INTEGER NOT NULL,
	reason  TEXT NOT NULL,
	request TEXT,
	PRIMARY KEY (run, key)
) WITHOUT ROWID;

CREATE TABLE token (
	key  TEXT PRIMARY KEY,
	data BLOB NOT NULL -- sealed
) WITHOUT ROWID;

CREATE TABLE delivery (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	hook    TEXT NOT NULL,
	key     TEXT, -- NULL: not deduplicated
	at      INTEGER NOT NULL,
	data    TEXT,
	payload BLOB,
	run     TEXT, -- that took it on
	UNIQUE (hook, key)
);
CREATE INDEX delivery_open ON delivery (id) WHERE run IS NULL;
`, `
DROP TABLE token; -- nothing was ever in it
`, `
-- What undoes the items of each execution of a loop that are over.
CREATE TABLE undo (
	run  INTEGER NOT NULL REFERENCES run (num),
	loop TEXT NOT NULL, -- its key in the run
	item INTEGER NOT NULL,
	data BLOB NOT NULL, -- JSON
	crc  INTEGER NOT NULL,
	PRIMARY KEY (run, loop, item)
) WITHOUT ROWID;
`}
