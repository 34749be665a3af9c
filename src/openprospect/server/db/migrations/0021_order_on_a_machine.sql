-- In which order steps and claims came, where one machine noted both: by seconds since its start, which nobody sets back.
ALTER TABLE receipt ADD COLUMN machine uuid, ADD COLUMN machine_seconds double precision;
ALTER TABLE receipt_step ADD COLUMN machine uuid, ADD COLUMN machine_seconds double precision;
