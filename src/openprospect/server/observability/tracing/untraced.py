"""What the service is made of where nothing is traced; with traces the same parts come from `spans.py`."""

from litestar.types import ASGIApp

from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import OnStatement
from openprospect.server.webhooks.sender import Sender


class Untraced:
    """The parts as they are."""

    on_statement: OnStatement | None = None

    def requests(self, app: ASGIApp) -> ASGIApp:
        return app

    def sender(self, vault: Vault, *, allow_private: bool) -> Sender:
        return Sender(vault, allow_private=allow_private)

    def close(self) -> None:
        """Send what is left; may take some seconds."""
