"""Why an attempt failed, in words of ours: an error's own may hold what nobody should read in a log."""

import ssl
from collections.abc import Mapping

import httpcore

from openprospect.server.webhooks.network import AddressRefused, NameUnknown

SECRETS_UNREADABLE = (
    "No key in OPENPROSPECT_SECRET_KEY here opens a signing secret: bring back the one that sealed them, or rotate the secret."
)

_REASONS: Mapping[type[Exception] | tuple[type[Exception], ...], str] = {
    (TimeoutError, httpcore.TimeoutException): "The endpoint did not answer in time.",
    AddressRefused: "The host leads to an address that is not public.",
    NameUnknown: "The host has no address.",
    httpcore.ConnectError: "The connection was refused.",
    (httpcore.NetworkError, httpcore.ProtocolError): "The connection broke, or what came back is not HTTP.",
}


# By the numbers of OpenSSL's x509_vfy.h.
_CERTIFICATES: Mapping[int, str] = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is signed by itself",
    19: "the certificate is from an authority that is not trusted here",
    20: "the certificate is from an authority that is not trusted here, or one in between is missing",
    21: "the certificate is from an authority that is not trusted here, or one in between is missing",
    62: "the certificate is for another host",
    64: "the certificate is for another address",
}


def reason(error: Exception) -> str:
    """Why nothing was answered."""
    tls = next((one for one in (error, error.__context__) if isinstance(one, ssl.SSLError)), None)
    if tls is not None:
        return _insecure(tls)
    known = (text for kinds, text in _REASONS.items() if isinstance(error, kinds))
    return next(known, f"The attempt failed: {type(error).__name__}.")


def _insecure(error: ssl.SSLError) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "No secure connection: the endpoint and we agree on no TLS."
    return f"No secure connection: {_CERTIFICATES.get(error.verify_code, 'the certificate was not accepted')}."


def refusal(status: int) -> str:
    """Why an answer is a failure."""
    return f"The endpoint answered {status}; redirects are not followed." if 300 <= status < 400 else f"The endpoint answered {status}."
