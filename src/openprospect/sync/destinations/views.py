"""Views that stand in the way of a column whose type changes: taken down, and put up again as they were, in one transaction.

PostgreSQL alone has that trouble: elsewhere a view finds its columns when it is read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg

from openprospect.sync.destinations.postgresql_errors import told
from openprospect.sync.errors import DestinationRefused

Query = Callable[..., list[tuple[Any, ...]]]

# Each view over the column, and over those views, the lowest first; `is_plain`: nothing hangs on it but what is restored below.
_VIEWS = """
WITH RECURSIVE above AS (
  SELECT r.ev_class AS oid, 1 AS height FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ?::regclass AND a.attname = ? AND r.ev_class <> d.refobjid
  UNION
  SELECT r.ev_class, above.height + 1 FROM above
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = above.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> above.oid
), named AS (
  SELECT c.*, height, quote_ident(nspname) || '.' || quote_ident(relname) AS name
  FROM (SELECT oid, max(height) AS height FROM above GROUP BY oid) v JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = relnamespace
)
SELECT name, pg_get_viewdef(oid), array_to_string(reloptions, ', '),
  CASE WHEN relowner <> current_user::regrole THEN quote_ident(pg_get_userbyid(relowner)) END,
  ARRAY(
    SELECT 'COMMENT ON ' || CASE WHEN objsubid = 0 THEN 'VIEW ' || name ELSE 'COLUMN ' || name || '.' || quote_ident(attname) END
      || ' IS ' || quote_literal(description)
    FROM pg_description LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid
    WHERE objoid = named.oid AND classoid = 'pg_class'::regclass
  ),
  relkind = 'v' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = named.oid)
    AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = named.oid AND r.rulename <> '_RETURN')
    AND NOT EXISTS (SELECT FROM pg_attrdef a WHERE a.adrelid = named.oid)
FROM named ORDER BY height, name
"""
# What a role may do with the view, or with one of its columns.
_RIGHTS = """
SELECT privilege_type || columns, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, bool_or(is_grantable)
FROM (
  SELECT (aclexplode(coalesce(relacl, acldefault('r', relowner)))).*, '' AS columns FROM pg_class WHERE oid = ?::regclass
  UNION ALL
  SELECT (aclexplode(attacl)).*, ' (' || quote_ident(attname) || ')' FROM pg_attribute WHERE attrelid = ?::regclass AND attacl IS NOT NULL
) granted GROUP BY privilege_type, columns, grantee ORDER BY 1, 2
"""


class _View(NamedTuple):
    """As `_VIEWS` has it; names, options and comments as statements want them."""

    name: str
    definition: str
    options: str | None
    owner: str | None
    comments: list[str]
    is_plain: bool


class _Right(NamedTuple):
    """As `_RIGHTS` has it, whoever granted it."""

    privilege: str
    role: str
    is_grantable: bool


@contextmanager
def taken_down(query: Query, execute: Callable[[str], object], table: str, column: str) -> Iterator[None]:
    """The caller owns the transaction. Raises `DestinationRefused` with the names of views that would not come back as they were."""
    views = [(view, _rights(query, view)) for view in _found(query, table, column)]
    if views:
        names = [view.name for view, _ in views]
        with _named(table, names):
            execute(f"DROP VIEW {', '.join(names)}")
    yield
    for view, rights in views:
        with _named(table, [view.name]):
            _put_up(execute, view)
            _give_back(query, execute, view, rights)


@contextmanager
def _named(table: str, views: list[str]) -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError:
        raise  # That the view is in use, or the server in trouble, passes.
    except psycopg.Error as error:
        raise DestinationRefused(
            f"A column of {table} has to become wider, which {' or '.join(views)} does not allow: {told(error)}. Change or drop that"
            " view, sync, and create it again if need be."
        ) from error


def _found(query: Query, table: str, column: str) -> list[_View]:
    views = [_View(*row) for row in query(_VIEWS, table, column)]
    others = [view.name for view in views if not view.is_plain]
    if others:
        raise DestinationRefused(
            f"A column of {table} has to become wider, and {', '.join(others)} over it is materialized, or has triggers, rules or defaults."
            " Drop it, sync, and create it again."
        )
    return views


def _rights(query: Query, view: _View) -> set[_Right]:
    return {_Right(*row) for row in query(_RIGHTS, view.name, view.name)}


def _put_up(execute: Callable[[str], object], view: _View) -> None:
    execute(f"CREATE VIEW {view.name}{f' WITH ({view.options})' if view.options else ''} AS {view.definition}")
    for comment in view.comments:
        execute(comment)
    if view.owner:
        execute(f"ALTER VIEW {view.name} OWNER TO {view.owner}")


def _give_back(query: Query, execute: Callable[[str], object], view: _View, before: set[_Right]) -> None:
    """Whoever may do something, or may not: a new view has the rights that the database's defaults give, whatever the old one had."""
    after = _rights(query, view)
    for right in sorted(after - before):
        execute(f"REVOKE {right.privilege} ON {view.name} FROM {right.role}")
    for right in sorted(before - after):
        execute(f"GRANT {right.privilege} ON {view.name} TO {right.role}{' WITH GRANT OPTION' if right.is_grantable else ''}")
