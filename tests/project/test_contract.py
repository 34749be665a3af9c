"""The committed OpenAPI document is the one that the service gives."""

from contract.write_openapi import DOCUMENT, openapi_document


def test_the_committed_openapi_document_is_the_one_of_the_routes():
    assert DOCUMENT.read_bytes() == openapi_document() + b"\n", "run `make openapi`, and look at what the change means for consumers"
