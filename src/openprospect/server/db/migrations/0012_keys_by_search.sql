-- Every key of a table that grows with the feeds begins with the search, so that the table can be split by it.

-- squawk-ignore ban-drop-constraint
ALTER TABLE walk DROP CONSTRAINT walk_pkey;
-- squawk-ignore constraint-missing-not-valid,adding-serial-primary-key-field
ALTER TABLE walk ADD CONSTRAINT walk_pkey PRIMARY KEY (prospect_search_id, id);

-- squawk-ignore ban-drop-constraint
ALTER TABLE receipt_step DROP CONSTRAINT receipt_step_pkey;
-- squawk-ignore constraint-missing-not-valid,adding-serial-primary-key-field
ALTER TABLE receipt_step ADD CONSTRAINT receipt_step_pkey PRIMARY KEY (prospect_search_id, id);

-- Lines of history are only ever read by company; nothing refers to one. Their numbers stay, for the order.
-- squawk-ignore ban-drop-constraint
ALTER TABLE history DROP CONSTRAINT history_pkey;

-- An endpoint is made for a search that was read a moment ago, and searches are never removed. What lies in one place only cannot refer to
-- what is spread by search.
-- squawk-ignore ban-drop-constraint
ALTER TABLE webhook DROP CONSTRAINT webhook_prospect_search_id_fkey;
