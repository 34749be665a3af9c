"""A real Tryton in its own environment, on SQLite, with the module from `contrib/tryton`; and a plain way to talk to it."""

import json
import shutil
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.connectors.environments import ROOT, program, variables

USER, PASSWORD = "admin", "admin-of-the-test"


class TrytonServer:
    def __init__(self, url: str) -> None:
        self.url = url
        number, token, *_ = self._post("", "common.db.login", USER, {"password": PASSWORD})
        self._session = b64encode(f"{USER}:{number}:{token}".encode()).decode()

    def call(self, method: str, *arguments: Any) -> Any:
        return self.run(f"model.{method}", *arguments)

    def run(self, method: str, *arguments: Any) -> Any:
        return self._post(f"Session {self._session}", method, *arguments, {"active_test": False})

    def _post(self, authorization: str, method: str, *arguments: Any) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
        body = json.dumps({"id": 1, "method": method, "params": arguments}).encode()
        with urlopen(Request(f"{self.url}/rpc/", body, headers), timeout=60) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]
        return answer["result"]


@contextmanager
def running(folder: Path) -> Iterator[TrytonServer]:
    """A server over a database of its own, gone at the end."""
    modules = next(program("tryton", "python").parents[1].glob("lib/python*/site-packages/trytond/modules"))
    shutil.copytree(ROOT / "contrib" / "tryton" / "openprospect", modules / "openprospect", dirs_exist_ok=True)
    port = _free_port()
    settings, password = folder / "trytond.conf", folder / "password"
    settings.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8")
    password.write_text(PASSWORD, encoding="utf-8")
    (folder / "crm.sqlite").touch()
    common = ["-c", str(settings), "-d", "crm"]
    make = [str(program("tryton", "trytond-admin")), *common, "-u", "openprospect", "--activate-dependencies", "--email", "a@b.example"]
    subprocess.run(make, env=variables(TRYTONPASSFILE=str(password)), check=True, stdin=subprocess.DEVNULL, capture_output=True)
    with subprocess.Popen([str(program("tryton", "trytond")), *common], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield TrytonServer(f"http://127.0.0.1:{port}/crm")
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "trytond ended"
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except URLError as error:
            if not isinstance(error.reason, OSError) and hasattr(error, "code"):
                return
            if isinstance(error.reason, ConnectionRefusedError):
                time.sleep(0.1)
                continue
        return
    raise AssertionError("trytond does not listen")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
