"""The Makefile does what the pages say it does."""

import re
import subprocess

from tests.project.repository import ROOT, files_ending, text_of


def targets():
    return set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))


def test_every_make_command_in_a_page_exists():
    mentioned = {name for page in files_ending(".md") for name in re.findall(r"(?:^|`)make ([a-z-]+)", text_of(page), re.MULTILINE)}
    assert mentioned
    assert mentioned - targets() == set()


def test_help_is_the_default_and_lists_every_target():
    shown = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", shown, re.MULTILINE)) == targets()


def test_no_command_is_without_a_description():
    phony = re.search(r"^\.PHONY: (.*)$", text_of("Makefile"), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets()
