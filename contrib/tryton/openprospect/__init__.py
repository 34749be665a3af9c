"""A module for Tryton 8.2: the fields of a party that `openprospect sync --to tryton://` needs."""

from trytond.pool import Pool

from . import party


def register():
    Pool.register(party.Party, module="openprospect", type_="model")
