-- Which service this is, wherever it answers: a consumer that stored its data tells a new address from another service by it.
CREATE TABLE instance (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    is_only boolean NOT NULL DEFAULT true UNIQUE CHECK (is_only)
);

INSERT INTO instance DEFAULT VALUES;
