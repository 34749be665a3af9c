"""Batches into a warehouse by dlt: the data first, then, once all of it is in, the checkpoint that it reaches."""

from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.base import Applied, Checkpoint, Held
from openprospect.sync.destinations.dlt import address as addresses
from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.destinations.dlt.loader import Loader
from openprospect.sync.destinations.dlt.open_tables import OpenTables
from openprospect.sync.destinations.dlt.rows import RUN, SCHEMAS, STATE, table_of
from openprospect.sync.destinations.dlt.sql_warehouse import SqlWarehouse
from openprospect.sync.destinations.dlt.warehouse import Change, Warehouse
from openprospect.sync.destinations.dlt.workplace import passing_folder, working_folder
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS, company_frame, prospect_frame
from openprospect.sync.destinations.ledger import advanced, begun_full
from openprospect.sync.errors import DestinationRefused
from openprospect.sync.retry import Retry
from openprospect.sync.stamps import now_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A row of the table of checkpoints. `run` counts full runs; rows carry the one that wrote them last."""

    checkpoint: Checkpoint
    run: int = 0
    synced_at: str | None = None


class DltDestination:
    """Locked against other runs of this machine; no lock reaches further in every warehouse."""

    def __init__(self, warehouse: Warehouse, owned: ExitStack) -> None:
        self._warehouse = warehouse
        self._owned = owned
        self._states = _states(warehouse)

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        state = self._states.get(search_id)
        return state.checkpoint if state else None

    def begin_full(self, search_id: str, source: Source) -> None:
        before = self._states.get(search_id)
        checkpoint = begun_full(before.checkpoint if before else None, source)
        self._remember(search_id, _State(checkpoint=checkpoint, run=before.run + 1 if before else 1))

    def apply(self, batch: Batch) -> Applied:
        before = self._states.get(batch.search_id)
        run = before.run if before else 0
        change = _change(batch, run)
        removed = self._warehouse.replace(change) if change.ids or change.removed else 0
        if batch.full and batch.last:
            removed += self._warehouse.sweep(batch.search_id, run)
        synced_at = now_text() if batch.last else before.synced_at if before else None
        checkpoint = advanced(before.checkpoint if before else None, batch)
        self._remember(batch.search_id, _State(checkpoint=checkpoint, run=run, synced_at=synced_at))
        return Applied(companies=len(change.companies), prospects=len(change.prospects), removed=removed)

    def finish(self, search_id: str) -> None:
        """Nothing is left to do: what is gone is gone from the files before the checkpoint moves."""

    def close(self) -> None:
        self._owned.close()

    def _remember(self, search_id: str, state: _State) -> None:
        checkpoint = state.checkpoint
        row = {
            "prospect_search_id": search_id,
            "server": checkpoint.source.server,
            "instance": checkpoint.source.instance,
            "delivered_until": checkpoint.delivered_until,
            "full_run": checkpoint.full_run,
            "full_until": checkpoint.full_until,
            "synced_at": state.synced_at,
            RUN: state.run,
        }
        self._warehouse.remember(pa.Table.from_pylist([row], schema=SCHEMAS[STATE]))
        self._states[search_id] = state


def open_destination(url: str, _retry: Retry) -> DltDestination:
    address = addresses.parse(url)
    with ExitStack() as opened:
        warehouse = _warehouse(Loader(address, opened.enter_context(working_folder(address))))
        _prepare(warehouse, address)
        return DltDestination(warehouse, opened.pop_all())


def held_in(url: str) -> list[Held]:
    address = addresses.parse(url)
    with passing_folder() as folder:
        warehouse = _warehouse(Loader(address, folder))
        if STATE not in warehouse.found():
            raise DestinationRefused(f"{address} holds nothing that `openprospect sync` wrote.")
        return [_held(warehouse, search_id, state) for search_id, state in sorted(_states(warehouse).items())]


def _held(warehouse: Warehouse, search_id: str, state: _State) -> Held:
    return Held(
        search_id=search_id,
        server=state.checkpoint.source.server,
        companies=warehouse.count(COMPANIES, search_id),
        prospects=warehouse.count(PROSPECTS, search_id),
        delivered_until=state.checkpoint.delivered_until,
        synced_at=state.synced_at,
    )


def _warehouse(loader: Loader) -> Warehouse:
    table_format = loader.address.table_format
    return OpenTables(loader, table_format) if table_format else SqlWarehouse(loader)


def _prepare(warehouse: Warehouse, address: Address) -> None:
    """Raises `DestinationRefused` where the tables are somebody else's."""
    found = warehouse.found()
    if found and STATE not in found:
        raise DestinationRefused(
            f"{address} has a table {min(found)!r} that `openprospect sync` did not make; it is left alone."
            " Rename it, or choose another dataset."
        )
    warehouse.create()


def _states(warehouse: Warehouse) -> dict[str, _State]:
    return {
        row["prospect_search_id"]: _State(
            checkpoint=Checkpoint(
                source=Source(server=row["server"], instance=row["instance"]),
                delivered_until=row["delivered_until"],
                full_run=bool(row["full_run"]),
                full_until=row["full_until"],
            ),
            run=row[RUN],
            synced_at=row["synced_at"],
        )
        for row in warehouse.states()
    }


def _change(batch: Batch, run: int) -> Change:
    return Change(
        search_id=batch.search_id,
        companies=table_of(COMPANIES, company_frame(batch.search_id, batch.companies), run),
        prospects=table_of(PROSPECTS, prospect_frame(batch.search_id, batch.companies), run),
        ids=[company.id for company in batch.companies],
        removed=batch.removed,
    )
