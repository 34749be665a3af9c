"""Views that stand in the way of a column whose type changes: taken down, and put up again as they were, in one transaction.

PostgreSQL alone has that trouble: elsewhere a view finds its columns when it is read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg

from openprospect.sync.errors import DestinationRefused

Query = Callable[..., list[tuple[Any, ...]]]

# Each view over the table, and over those views, the lowest first; `is_plain`: nothing hangs on it but what is restored below.
_VIEWS = """
WITH RECURSIVE above AS (
  SELECT r.ev_class AS oid, 1 AS height FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ?::regclass AND r.ev_class <> d.refobjid
  UNION
  SELECT r.ev_class, above.height + 1 FROM above
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = above.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> above.oid
)
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), pg_get_viewdef(c.oid), array_to_string(c.reloptions, ', '),
  CASE WHEN c.relowner <> current_user::regrole THEN quote_ident(pg_get_userbyid(c.relowner)) END,
  quote_literal(obj_description(c.oid, 'pg_class')), c.oid::bigint,
  c.relkind = 'v' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN')
    AND NOT EXISTS (SELECT FROM pg_attrdef a WHERE a.adrelid = c.oid)
FROM (SELECT oid, max(height) AS height FROM above GROUP BY oid) v JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY v.height, 1
"""
# What a role may do with the view, or with one of its columns.
_GRANTS = """
SELECT 'GRANT ' || privilege_type || columns || ' ON ' || ?::text || ' TO '
  || CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
  || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM (
  SELECT (aclexplode(relacl)).*, '' AS columns FROM pg_class WHERE oid = ?::oid
  UNION ALL
  SELECT (aclexplode(attacl)).*, ' (' || quote_ident(attname) || ')' FROM pg_attribute WHERE attrelid = ?::oid AND attacl IS NOT NULL
) granted
UNION ALL
SELECT 'COMMENT ON COLUMN ' || ?::text || '.' || quote_ident(attname) || ' IS ' || quote_literal(col_description(attrelid, attnum))
FROM pg_attribute WHERE attrelid = ?::oid AND col_description(attrelid, attnum) IS NOT NULL
"""


class _View(NamedTuple):
    """As `_VIEWS` has it; names, options and text as statements want them."""

    name: str
    definition: str
    options: str | None
    owner: str | None
    comment: str | None
    oid: int
    is_plain: bool


@contextmanager
def taken_down(query: Query, execute: Callable[[str], object], table: str) -> Iterator[None]:
    """The caller owns the transaction. Raises `DestinationRefused` with the names of views that would not come back as they were."""
    views = _found(query, table)
    restoring = [(view.name, _restoring(query, view)) for view in views]
    with _named(table, [view.name for view in views]):
        execute(f"DROP VIEW {', '.join(view.name for view in views)}")
    yield
    for name, statements in restoring:
        with _named(table, [name]):
            for statement in statements:
                execute(statement)


@contextmanager
def _named(table: str, views: list[str]) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DestinationRefused(
            f"A column of {table} has to become wider, which {' or '.join(views)} does not allow: {error} Change or drop that view, sync,"
            " and create it again if need be."
        ) from error


def _found(query: Query, table: str) -> list[_View]:
    views = [_View(*row) for row in query(_VIEWS, table)]
    others = [view.name for view in views if not view.is_plain]
    if others:
        raise DestinationRefused(
            f"A column of {table} has to become wider, and {', '.join(others)} over it is materialized, or has triggers, rules or defaults."
            " Drop it, sync, and create it again."
        )
    return views


def _restoring(query: Query, view: _View) -> list[str]:
    """The statements that make a view what it is."""
    statements = [f"CREATE VIEW {view.name}{f' WITH ({view.options})' if view.options else ''} AS {view.definition}"]
    if view.comment:
        statements.append(f"COMMENT ON VIEW {view.name} IS {view.comment}")
    statements += [statement for (statement,) in query(_GRANTS, view.name, view.oid, view.oid, view.name, view.oid)]
    if view.owner:
        statements.append(f"ALTER VIEW {view.name} OWNER TO {view.owner}")
    return statements
