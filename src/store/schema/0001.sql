-- Schema 1: sessions, the tree of messages, answers that stream, leases.
-- Identities are the 16 bytes of a UUID; times are milliseconds since the Unix epoch.

CREATE TABLE session (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    title TEXT NOT NULL,
    profile TEXT NOT NULL,
    mode TEXT NOT NULL,
    privacy TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    leaf BLOB,
    draft TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    queued TEXT NOT NULL,
    scroll_message BLOB,
    scroll_line INTEGER
) STRICT;

CREATE INDEX session_updated ON session (archived, updated);

CREATE TABLE tag (
    session INTEGER NOT NULL REFERENCES session (n) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (session, tag)
) STRICT, WITHOUT ROWID;

-- The settings in force; answers of one session mostly share them.
CREATE TABLE settings (
    n INTEGER PRIMARY KEY,
    body TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE message (
    n INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES session (n) ON DELETE CASCADE,
    id BLOB NOT NULL CHECK (length(id) = 16),
    parent BLOB,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    parts TEXT NOT NULL,
    route TEXT,
    model TEXT,
    settings INTEGER REFERENCES settings (n),
    answer TEXT,
    UNIQUE (session, id),
    FOREIGN KEY (session, parent) REFERENCES message (session, id) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE INDEX message_parent ON message (session, parent);
CREATE INDEX message_settings ON message (settings);
CREATE INDEX message_streaming ON message (session) WHERE state = 'streaming';

-- What an answer has grown by while it streams; part of the message once it has ended.
CREATE TABLE chunk (
    message INTEGER NOT NULL REFERENCES message (n) ON DELETE CASCADE,
    from_byte INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (message, from_byte)
) STRICT, WITHOUT ROWID;

-- Who answers in a session right now. An owner is a process: its id, its start, its boot.
CREATE TABLE lease (
    session INTEGER PRIMARY KEY REFERENCES session (n) ON DELETE CASCADE,
    message BLOB NOT NULL,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    boot TEXT NOT NULL,
    renewed INTEGER NOT NULL
) STRICT;
