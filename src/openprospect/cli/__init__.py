"""The command line: parse, call, print. Each group of commands has a file of its own, imported only when it is used."""

from openprospect.cli.main import main

__all__ = ["main"]
