"""HTTP: is this key good, and for what?"""

from litestar import get

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.wire import Validation
from openprospect.server.http.openapi import problems
from openprospect.server.http.parameters import query, query_of


@get("/auth/validate", guards=[Requires()], tags=["Access"], opt=query(), responses=problems())
async def validate_key(request: CallersRequest) -> Validation:
    """Say whether the key works, and which scopes it holds."""
    query_of(request)
    return Validation(valid=True, scopes=sorted(request.auth.scopes))
