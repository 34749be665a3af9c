"""The settings that the source reads, and those that a text names."""

import re

from tests.project.repository import files_ending, text_of

_SETTING = re.compile(r"\bOPENPROSPECT_[A-Z][A-Z_]*[A-Z]\b")


def settings_in(text):
    """Those named in a text, but for what the service tells its own workers."""
    return {name for name in _SETTING.findall(text) if not name.startswith("OPENPROSPECT_INTERNAL_")}


def settings_of_the_source():
    return {name for path in files_ending(".py", ".mjs") if path.parts[0] == "src" for name in settings_in(text_of(path))}
