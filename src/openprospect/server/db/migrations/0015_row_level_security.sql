-- The second wall between tenants: whoever runs as another role than the tables' owner sees one tenant's rows alone, whatever the statement.
-- The owner, as which migrations, workers and commands run, sees everything as before.

CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('openprospect.tenant', true), '')::uuid;
$$;

ALTER TABLE organization ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON organization USING (id = current_tenant());

-- What names its tenant.
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_key USING (organization_id = current_tenant());
ALTER TABLE prospect_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON prospect_search USING (organization_id = current_tenant());
ALTER TABLE idempotent_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotent_answer USING (organization_id = current_tenant());
ALTER TABLE history ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON history USING (organization_id = current_tenant());
ALTER TABLE suppression ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON suppression USING (organization_id = current_tenant());
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure USING (organization_id = current_tenant());
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook USING (organization_id = current_tenant());

-- What belongs to one of these: seen where that is seen.
ALTER TABLE company ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON company USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE prospect ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON prospect USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE delivery_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery_hour USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tally USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE walk ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON walk USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON receipt USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE receipt_step ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON receipt_step USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE erasure_place ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasure_place USING (EXISTS (SELECT FROM prospect_search AS feed WHERE feed.id = prospect_search_id));
ALTER TABLE webhook_position ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_position USING (EXISTS (SELECT FROM webhook WHERE webhook.id = webhook_id));
ALTER TABLE webhook_secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_secret USING (EXISTS (SELECT FROM webhook WHERE webhook.id = webhook_id));
ALTER TABLE webhook_attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON webhook_attempt USING (EXISTS (SELECT FROM webhook WHERE webhook.id = webhook_id));
ALTER TABLE console_session ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON console_session USING (EXISTS (SELECT FROM api_key WHERE api_key.id = key_id));
ALTER TABLE request_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON request_count USING (EXISTS (SELECT FROM api_key WHERE api_key.id = key_id));
