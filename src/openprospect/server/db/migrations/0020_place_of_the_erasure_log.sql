-- Where the service writes down its erasures, so that every command writes to the same file. A backup leaves out this table's row: whoever
-- restores one says where the log is.
ALTER TABLE instance ADD COLUMN erasure_log text;
