"""Parties as companies and as the people at them, each known by a unique id of OpenProspect's."""

from trytond.model import Unique, fields
from trytond.pool import PoolMeta


class Party(metaclass=PoolMeta):
    __name__ = "party.party"

    openprospect_id = fields.Char("OpenProspect id")
    openprospect_removed_on = fields.Char("OpenProspect removed on")
    first_name = fields.Char("First name")
    last_name = fields.Char("Last name")
    job_title = fields.Char("Job title")
    employer = fields.Many2One("party.party", "Employer", ondelete="SET NULL")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints += [("openprospect_id_unique", Unique(table, table.openprospect_id), "openprospect.msg_party_id_unique")]
