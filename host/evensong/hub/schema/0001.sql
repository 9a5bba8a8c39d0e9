-- The journal, version 1. One file, one writer. Times are ms; `*_utc_ms` is the hub's clock, `time_ms` a device's.

CREATE TABLE hub (
    hub_id BLOB NOT NULL CHECK (length(hub_id) = 8)    -- one row: made once, for ever
) STRICT;

CREATE TABLE device (
    device_id BLOB PRIMARY KEY CHECK (length(device_id) = 8),
    name TEXT NOT NULL,
    board TEXT NOT NULL,
    firmware TEXT NOT NULL,
    battery_pct INTEGER,
    duplicates INTEGER NOT NULL DEFAULT 0,             -- frames that arrived again and were dropped
    damaged INTEGER NOT NULL DEFAULT 0,                -- stretches of bytes that were no frame
    hostile INTEGER NOT NULL DEFAULT 0,                -- whole frames that had no business here
    first_seen_utc_ms INTEGER NOT NULL,
    last_seen_utc_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The timeline of a device between two erasures: its boots lie on one axis.
CREATE TABLE timeline (
    id INTEGER PRIMARY KEY,
    device_id BLOB NOT NULL REFERENCES device,
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 4),
    UNIQUE (device_id, incarnation)
) STRICT;

CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    timeline INTEGER NOT NULL REFERENCES timeline,
    boot_id INTEGER NOT NULL,
    first_seen_utc_ms INTEGER NOT NULL,
    starts_ms INTEGER,                                 -- on the timeline; once pinned it never moves
    UNIQUE (timeline, boot_id)
) STRICT;

CREATE TABLE frame (
    id INTEGER PRIMARY KEY,                            -- in order of arrival
    boot INTEGER NOT NULL REFERENCES boot,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL,
    raw BLOB NOT NULL,
    UNIQUE (boot, seq)
) STRICT;

CREATE TABLE clock_pair (
    boot INTEGER NOT NULL REFERENCES boot,
    time_ms INTEGER NOT NULL,
    utc_ms INTEGER NOT NULL,
    uncertainty_ms INTEGER NOT NULL,
    PRIMARY KEY (boot, time_ms)
) STRICT, WITHOUT ROWID;

-- The latest revision of each document. `change` grows with every write: an uploader walks it.
CREATE TABLE document (
    document_id BLOB PRIMARY KEY CHECK (length(document_id) = 16),
    timeline INTEGER NOT NULL REFERENCES timeline,
    first_epoch INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    samples INTEGER NOT NULL,                          -- transferred ones within it
    frames INTEGER NOT NULL,
    content TEXT NOT NULL,                             -- JSON of evensong.record.SpanDocument
    change INTEGER NOT NULL UNIQUE,
    accepted_revision INTEGER,                         -- what the Nexus has of it
    accepted_samples INTEGER,
    accepted_frames INTEGER,
    refused TEXT                                       -- why the Nexus refuses this revision, if it does
) STRICT, WITHOUT ROWID;

-- What the whole of a timeline was staged into the last time.
CREATE TABLE staging (
    timeline INTEGER PRIMARY KEY REFERENCES timeline,
    up_to_frame INTEGER NOT NULL,                      -- frame.id
    first_epoch INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    digest TEXT NOT NULL,                              -- SHA-256 of `hypnogram`
    hypnogram BLOB NOT NULL                            -- the CSV that `evensong stage` writes
) STRICT;

-- How far an uploader has come, and with which Nexus.
CREATE TABLE cursor (
    nexus TEXT PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What `hub status` shows of the links; written when a state changes.
CREATE TABLE link (
    address TEXT PRIMARY KEY,                          -- BLE address or path of a serial port
    device_id BLOB,
    state TEXT NOT NULL,
    since_utc_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,                         -- in a row
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
