"""Whether traces are wanted, by the variables that OpenTelemetry has everywhere. Where they are not, nothing of it is imported."""

from collections.abc import Mapping
from importlib.util import find_spec

from openprospect.server.core.errors import Misconfigured
from openprospect.server.observability.tracing.untraced import Untraced

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


def wants_traces(environment: Mapping[str, str]) -> bool:
    """Raises Misconfigured where they are wanted in a way that cannot be."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    is_off = exporter == "none" or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or not (exporter or _first(environment, _ENDPOINTS)):
        return False
    if exporter not in {"", "otlp"}:
        raise Misconfigured(f"OTEL_TRACES_EXPORTER is {exporter}; traces go out as otlp, or with none not at all.")
    protocol = _first(environment, _PROTOCOLS) or _SPOKEN
    if protocol != _SPOKEN:
        raise Misconfigured(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; traces go out as {_SPOKEN}. Leave it out, and name the collector's HTTP port, "
            "usually 4318, in OTEL_EXPORTER_OTLP_ENDPOINT."
        )
    if not _is_installed():
        raise Misconfigured(
            "Traces are asked for by OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER, but OpenTelemetry is not installed: "
            "run `pip install 'openprospect[otel]'`, or set OTEL_TRACES_EXPORTER=none."
        )
    return True


def observed_by(*, is_traced: bool) -> Untraced:
    """Imports OpenTelemetry only where it is needed."""
    if not is_traced:
        return Untraced()
    from openprospect.server.observability.tracing.spans import Tracing  # noqa: PLC0415

    return Tracing()


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environment.get(name, "").strip())), "")


def _is_installed() -> bool:
    try:
        return all(find_spec(name) for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"))
    except ModuleNotFoundError:
        return False
