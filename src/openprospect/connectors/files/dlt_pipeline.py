"""Load one search into a warehouse with dlt, removals included: pip install 'openprospect[dlt]' 'dlt[duckdb]', then run this.

The key stands in the environment, as OPENPROSPECT_API_KEY; the warehouse, and what it needs, in dlt's own settings.
"""

import os

import dlt

from openprospect.connectors.dlt import delivered_companies

if __name__ == "__main__":
    # What was loaded stays nowhere but in the warehouse: neither as a file here, nor where dlt prepares it.
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["load.truncate_staging_dataset"] = True
    pipeline = dlt.pipeline("openprospect", destination="duckdb", dataset_name="prospects")
    source = delivered_companies(
        "00000000-0000-4000-8000-000000000000",
        base_url="http://127.0.0.1:8400",
        api_key=os.environ["OPENPROSPECT_API_KEY"],
    )
    print(pipeline.run(source))
