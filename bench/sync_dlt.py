"""The peer of `bench/sync.py`: a dlt `rest_api` pipeline as its documentation would have one write it. Runs in bench/.venv."""

import os
import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main(search: str, into: str, place: str, dataset: str) -> None:
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{os.environ['OPENPROSPECT_BASE_URL']}/api/v1/",
                "auth": {"type": "bearer", "token": os.environ["OPENPROSPECT_API_KEY"]},
                "paginator": {"type": "header_link"},
            },
            "resources": [
                {
                    "name": "companies",
                    "primary_key": "id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": f"deliveries/{search}/companies",
                        "params": {"limit": 100},
                        "data_selector": "items",
                        "incremental": {"cursor_path": "delivered_at", "start_param": "delivered_since"},
                    },
                }
            ],
        }
    )
    if into == "duckdb":
        destination, file_format = dlt.destinations.duckdb(f"{place}.duckdb"), "parquet"
    else:
        # dlt connects by TCP or by a socket named in the query, as libpq does.
        destination, file_format = dlt.destinations.postgres(place), "csv"
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name=dataset)
    print(pipeline.run(source, loader_file_format=file_format))


if __name__ == "__main__":
    main(*sys.argv[1:])
