-- What receivers answer is their own text and may name anybody: an erasure empties what is kept, and what arrives late is dropped.

ALTER TABLE webhook ADD COLUMN answers_kept_from timestamptz NOT NULL DEFAULT '-infinity';
