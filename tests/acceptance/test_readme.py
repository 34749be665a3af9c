"""The README's quick start, pasted into bash as a newcomer does, in an empty folder."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb

from openprospect.demo.service import clean_environment, free_port
from tests.conftest import open_folder
from tests.project.repository import text_of

_INSTALL = "make setup && source .venv/bin/activate\n"
_STOP_THE_SERVICE = "\nkill %1\nwait %1\n"


def quick_start():
    """The block without its first line, which the test run itself has done already."""
    (block,) = re.findall(r"^```bash\n(.*?)^```", text_of("README.md"), re.MULTILINE | re.DOTALL)
    assert block.startswith(_INSTALL)
    return block.removeprefix(_INSTALL) + _STOP_THE_SERVICE


def pasted(script, folder):
    """How bash ended at the first command that failed, else at the last, and all that was printed."""
    port, commands = str(free_port()), Path(sys.executable).parent
    environment = clean_environment(OPENPROSPECT_PORT=port, OPENPROSPECT_BASE_URL=f"http://127.0.0.1:{port}")
    environment |= {"PATH": f"{commands}:{os.environ['PATH']}"}
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    with (folder / "printed").open("w+") as printed:
        # A session of its own: where a command fails, the service that began before it ends with it.
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=printed, stderr=printed, start_new_session=True)
        try:
            code = process.wait(120)
        finally:
            if process.returncode != 0:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        printed.seek(0)
        return code, printed.read()


def test_the_quick_start_can_be_pasted_whole_and_ends_with_the_people_in_a_database():
    with open_folder() as folder:
        code, printed = pasted(quick_start(), folder)
        assert code == 0, printed
        with duckdb.connect(str(folder / "hotels.duckdb"), read_only=True) as database:
            people = database.execute("SELECT c.name, p.first_name FROM prospects p JOIN companies c ON c.id = p.company_id ORDER BY ALL")
            assert people.fetchall() == [("Grand Hotel", "Maria"), ("Pension Lindner", "Eva")]
        assert "maria@grand.example" in printed
