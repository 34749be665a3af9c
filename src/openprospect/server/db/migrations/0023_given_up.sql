-- An endpoint that the service gave up is a fault to mend; one that a person switched off is not.

ALTER TABLE webhook ADD COLUMN was_given_up boolean NOT NULL DEFAULT false;

UPDATE webhook SET was_given_up = true
WHERE disabled_reason = 'The endpoint answered 410 Gone.' OR disabled_reason LIKE 'Every attempt of the last % days failed.';
