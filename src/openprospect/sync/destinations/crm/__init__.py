"""CRMs as destinations: a mirror of the feed in a local SQLite file, and what brings the CRM into line with it."""
