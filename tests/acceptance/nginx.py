"""A real nginx for as long as a block lasts, with the configuration that the documentation recommends; only its addresses are ours."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
import trustme

from openprospect.demo.service import free_port
from tests.acceptance.commands import eventually

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is missing; as root: apt-get install -y --no-install-recommends nginx-light")

RECOMMENDED = Path(__file__).parents[2] / "contrib" / "nginx" / "openprospect.conf"


class Gate:
    """The way in: `base_url`, and what clients have to trust."""

    def __init__(self, port: int, authority: trustme.CA) -> None:
        self.base_url = f"https://127.0.0.1:{port}"
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)

    def client(self, key: str) -> httpx.Client:
        """Its 503s have to be clean ones."""
        headers = {"Authorization": f"Bearer {key}"}
        hooks = {"response": [assert_clean]}
        return httpx.Client(
            base_url=f"{self.base_url}/api/v1", headers=headers, verify=self.trust, timeout=60, trust_env=False, event_hooks=hooks
        )


def assert_clean(response: httpx.Response) -> None:
    assert response.status_code not in {500, 502, 504}
    if response.status_code == 503:
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["Content-Type"] == "application/json"
        response.read()
        assert set(response.json()) == {"code", "message", "details", "request_id"}


@contextmanager
def nginx(folder: Path, services: Sequence[int], *, changes: Mapping[str, str] = MappingProxyType({})) -> Iterator[Gate]:
    """In front of services at these ports; with these lines instead of those."""
    assert NGINX is not None
    port = free_port()
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "fullchain.pem")
    certificate.private_key_pem.write_to_path(folder / "privkey.pem")
    ours = _our_addresses(folder, port, services)
    (folder / "openprospect.conf").write_text(_changed(RECOMMENDED.read_text(), {**ours, **changes}))
    (folder / "nginx.conf").write_text(_around(folder))
    command = [NGINX, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: (folder / "pid").exists() or process.poll() is not None)
            assert process.poll() is None, (folder / "error.log").read_text()
            yield Gate(port, authority)
        finally:
            process.terminate()


def _our_addresses(folder: Path, port: int, services: Sequence[int]) -> dict[str, str]:
    first, second = services
    return {
        "server 10.0.0.11:8400 ": f"server 127.0.0.1:{first} ",
        "server 10.0.0.12:8400 ": f"server 127.0.0.1:{second} ",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/openprospect/fullchain.pem": f"{folder}/fullchain.pem",
        "/etc/ssl/openprospect/privkey.pem": f"{folder}/privkey.pem",
    }


def _changed(text: str, changes: Mapping[str, str]) -> str:
    """Fails where the configuration has no such line any more."""
    for theirs, ours in changes.items():
        assert text.count(theirs) == 1, theirs
        text = text.replace(theirs, ours)
    return text


def _around(folder: Path) -> str:
    """What a system's own nginx.conf is there for."""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    log = f"error_log {folder}/error.log warn;"
    return (
        f"{user} daemon off; pid {folder}/pid; {log} events {{}} http {{ access_log off; {temporary} include {folder}/openprospect.conf; }}"
    )
