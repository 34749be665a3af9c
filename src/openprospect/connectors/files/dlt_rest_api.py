"""Load one search with dlt alone, people as a table below their company: pip install 'dlt[duckdb]', then run this.

A withdrawn company is deleted with its people; a company that is delivered again replaces its people.
"""

import os

import dlt
from dlt.sources.rest_api import rest_api_source

SOURCE = rest_api_source(
    {
        "client": {
            "base_url": "http://127.0.0.1:8400/api/v1/deliveries/00000000-0000-4000-8000-000000000000/",
            "auth": {"type": "bearer", "token": os.environ["OPENPROSPECT_API_KEY"]},
            "paginator": "header_link",
        },
        "resources": [
            {
                "name": "companies",
                "primary_key": "id",
                "write_disposition": "merge",
                "columns": {"removed_at": {"data_type": "timestamp", "hard_delete": True}, "delivered_at": {"dedup_sort": "desc"}},
                "endpoint": {
                    "path": "companies",
                    "params": {"limit": 100},
                    "data_selector": "items",
                    "incremental": {
                        "start_param": "delivered_since",
                        "cursor_path": "delivered_at",
                        "initial_value": "1970-01-01T00:00:00Z",
                        "primary_key": [],
                    },
                },
            }
        ],
    }
)

if __name__ == "__main__":
    # What was loaded stays nowhere but in the warehouse: neither as a file here, nor where dlt prepares it.
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["load.truncate_staging_dataset"] = True
    pipeline = dlt.pipeline("openprospect_rest_api", destination="duckdb", dataset_name="prospects")
    print(pipeline.run(SOURCE))
