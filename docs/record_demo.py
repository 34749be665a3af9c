"""Writes docs/demo.svg: what `make demo` prints, from a real run in an empty folder."""

import re
import signal
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")

# Whoever looks at the picture should not be sent to a CDN for its fonts.
_WITHOUT_FONTS = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = _printed_until_ready(Path(folder))
    # A key that works nowhere else is still a key to every scanner of repositories.
    text = re.sub(r"opk_live_\w+", "opk_live_…", text)
    console = Console(record=True, width=130, file=StringIO())
    console.print(Text.from_ansi(f"$ make demo\n{text}"))
    console.save_svg(str(PICTURE), title="OpenProspect", code_format=_WITHOUT_FONTS)


def _printed_until_ready(folder: Path) -> str:
    lines: list[str] = []
    printed = ""
    with subprocess.Popen([sys.executable, "-m", "openprospect.demo"], cwd=folder, stdout=subprocess.PIPE, text=True) as demo:
        for line in demo.stdout or ():
            lines.append(line)
            if line.startswith("Ready."):
                printed = "".join(lines)
                demo.send_signal(signal.SIGINT)
    if demo.returncode != 0 or not printed:
        sys.exit(f"The demo ended with {demo.returncode}:\n{''.join(lines)}")
    return printed


if __name__ == "__main__":
    main()
