"""`openprospect partition`."""

import asyncio
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.output import Json, answer
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, make_ready
from openprospect.server.db.partition import MOST, split


def partition(
    *, into: Annotated[int, Parameter(validator=Number(gte=1, lte=MOST))], storage: Storage = DEFAULT_STORAGE, json: Json = False
) -> None:
    """Split the tables that grow with the feeds, by search; 1 makes them whole again.

    Every row moves, in one transaction. The service need not be stopped, but cannot answer meanwhile.

    Parameters
    ----------
    into
        How many partitions each of these tables has from now on.
    """

    async def run(dsn: str) -> int:
        await make_ready(dsn, storage)
        return await split(dsn, into=into)

    with storage.dsn() as dsn:
        answer({"partitions": into, "before": asyncio.run(run(dsn))}, json=json)
