"""The documented client that the demo runs, word for word as the delivery page prints it."""

from tests.project.repository import text_of


def test_the_demo_runs_the_python_client_of_the_delivery_page():
    assert text_of("src/openprospect/demo/documented_client.txt") in text_of("tests/acceptance/samples/delivery-integration.txt")
