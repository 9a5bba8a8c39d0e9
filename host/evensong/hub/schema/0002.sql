-- Version 2: where recording time begins is kept with the staging, so that a hub that starts again need not look for it;
-- and a boot's status frames are found without reading its beats.

ALTER TABLE staging ADD COLUMN zero_ms INTEGER NOT NULL DEFAULT 0;

CREATE INDEX frame_by_kind ON frame (boot, kind, seq);
