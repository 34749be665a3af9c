"""The peer of `bench/sync.py`: a dlt `rest_api` pipeline as its documentation would have one write it. Runs in bench/.venv."""

import os
import sys
from urllib.parse import parse_qsl, quote, urlsplit

import dlt
from dlt.sources.rest_api import rest_api_source


def main(search: str, into: str, place: str, dataset: str, file_format: str) -> None:
    """Loads by files of that format: by the one that dlt takes where nothing is said it needs several times as long."""
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
    destination = dlt.destinations.duckdb(f"{place}.duckdb") if into == "duckdb" else dlt.destinations.postgres(credentials(place))
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name=dataset)
    print(pipeline.run(source, loader_file_format=file_format))


def credentials(dsn: str) -> dict[str, object]:
    """A libpq URL, which may name a socket's folder in its query, as dlt wants it."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    return {
        "host": parts.hostname or quote(query["host"], safe=""),
        "port": parts.port or int(query.get("port", 5432)),
        "username": parts.username,
        "password": parts.password or "none",
        "database": parts.path[1:],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
