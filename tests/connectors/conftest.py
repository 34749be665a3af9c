"""The real service for every tool to read from: the fixture of the acceptance tests."""

from tests.acceptance.conftest import service

__all__ = ["service"]
