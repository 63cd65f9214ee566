-- Schema 3: what is remembered of endpoints: how their newest turns went and whether they are left
-- alone. No word of any conversation. Times are milliseconds since the Unix epoch, spans are
-- microseconds.

CREATE TABLE endpoint (
    name TEXT PRIMARY KEY,
    server TEXT NOT NULL,
    open_until INTEGER,
    opened INTEGER NOT NULL,
    failed TEXT NOT NULL,
    baseline INTEGER,
    rests_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sample (
    endpoint TEXT NOT NULL REFERENCES endpoint (name) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    ttft INTEGER NOT NULL,
    tbt INTEGER,
    promised INTEGER,
    PRIMARY KEY (endpoint, at)
) STRICT, WITHOUT ROWID;
