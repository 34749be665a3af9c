-- Made once the tables are full.
CREATE INDEX company_delivered ON company (prospect_search_id, delivered_at);
CREATE INDEX prospect_company ON prospect (company_id);
