-- Version 3: what a person wants a wearable to do, for the session to send. The command line writes it, the daemon reads.

CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    device_id BLOB NOT NULL CHECK (length(device_id) = 8),
    code INTEGER NOT NULL,                             -- the wire's CommandCode
    arg BLOB NOT NULL,
    made_utc_ms INTEGER NOT NULL,
    expires_utc_ms INTEGER NOT NULL,                   -- not sent by then, it is not sent any more
    sent_utc_ms INTEGER,
    status INTEGER,                                    -- of the wearable's reply; 0 is done
    body TEXT
) STRICT;

CREATE INDEX request_by_device ON request (device_id, sent_utc_ms);
