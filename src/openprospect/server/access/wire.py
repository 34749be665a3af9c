"""What the routes about keys answer."""

import msgspec


class Validation(msgspec.Struct, kw_only=True):
    """A key that works, and what it may do."""

    valid: bool
    scopes: list[str]
