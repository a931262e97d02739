"""Signatures of what a forum sends: HMAC-SHA256 (RFC 2104) over the body as it came."""

import hashlib
import hmac
from collections.abc import Iterable

_SCHEME = "sha256="
_MOST = 8  # signatures in one header: more than any forum sends while it changes its secret


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a body, as `sha256=` and 64 hexadecimal digits."""
    return _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(secrets: Iterable[str], body: bytes, header: str) -> bool:
    """Return whether one of the signatures in a header is that of one of the secrets.

    Several secrets, and several signatures with commas between them, are for the time in which a
    forum changes from one secret to the next. An empty secret signs nothing.
    """
    given = [part.strip().encode() for part in header.split(",")[:_MOST]]
    expected = [sign(secret, body).encode() for secret in secrets if secret]
    return any([hmac.compare_digest(one, other) for one in given for other in expected])
