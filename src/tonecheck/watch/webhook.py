"""Posts alerts to an address that the operator named."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tonecheck.errors import ConfigError, require
from tonecheck.signatures import sign

if TYPE_CHECKING:
    import httpx

SIGNATURE = "X-Tonecheck-Signature"
"""The header with the signature: `sha256=` and the HMAC of the body, in hexadecimal digits."""

# The answers to one alert that no other try would change; all others may be of the moment.
_HOPELESS = frozenset({400, 413, 415, 422})
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait.

    Attributes:
        seconds: For an answer, from the look-up to its head.
        first: After the first failure, in seconds; each further one doubles it.
        last: At the end, for all that still waits.
    """

    seconds: float = 10.0
    first: float = 1.0
    last: float = 60.0


class Webhook:
    """Posts one alert at a time, as JSON, signed where there is a secret.

    It may be any address, also one in a private network, since the operator named it. Redirects
    are not followed, proxies of the environment are not used, and certificates are checked. After
    a failure it waits before it tries again: a second, then twice as long, and so on up to five
    minutes, or as long as the answer asks for.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str = "",
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to post; nothing is sent yet.

        Args:
            url: The address.
            secret: What bodies are signed with; empty for no signature.
            patience: How long to wait.
            clock: Tells the time, in seconds.

        Raises:
            ConfigError: If the address cannot be used.
            MissingExtraError: If httpx is not installed.
        """
        require("httpx", extra="service")
        self.host = _host(url)
        self.patience = patience
        self._url, self._secret, self._clock = url, secret, clock
        self._trust: ssl.SSLContext | None = None
        self._failures = 0
        self._due = 0.0

    @property
    def wait(self) -> float:
        """Return for how many seconds nothing may be posted, after a failure."""
        return max(0.0, self._due - self._clock())

    def post(self, body: bytes, *, key: str) -> str:
        """Post an alert; return what went wrong, or an empty string.

        Args:
            body: The alert, as JSON.
            key: Its id, by which the receiver can tell that it has it already.
        """
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tonecheck",
            "Idempotency-Key": key,
        }
        if self._secret:
            headers[SIGNATURE] = sign(self._secret, body)
        import httpx

        self.hopeless = False
        retry_after = 0.0
        try:
            answer = asyncio.run(self._ask(body, headers))
        except TimeoutError:
            problem = f"no answer within {self.patience.seconds:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as err:
            problem = f"no answer ({type(err).__name__})"  # its own words may hold the address
        else:
            if answer.is_success:
                self._failures, self._due = 0, 0.0
                return ""
            problem = f"it answered {answer.status_code}"
            self.hopeless = answer.status_code in _HOPELESS
            retry_after = _seconds(answer.headers.get("Retry-After", ""))
        if not self.hopeless:
            self._put_off(retry_after)
        return problem

    async def _ask(self, body: bytes, headers: dict[str, str]) -> "httpx.Response":
        import httpx

        self._trust = self._trust or ssl.create_default_context()
        async with (
            asyncio.timeout(self.patience.seconds),
            httpx.AsyncClient(
                verify=self._trust, trust_env=False, follow_redirects=False, timeout=None
            ) as client,
            client.stream("POST", self._url, content=body, headers=headers) as answer,
        ):
            return answer  # what the answer says beyond its head is of no use

    def _put_off(self, asked: float) -> None:
        wait = min(_LONGEST_WAIT, self.patience.first * 2 ** min(self._failures, 20))
        self._failures += 1
        self._due = self._clock() + max(wait, min(asked, _LONGEST_WAIT))


def _host(url: str) -> str:
    """Return the host of an address, which may be shown; the rest of it may be secret."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or not url.isprintable() or " " in url:
        raise ConfigError(
            "the address of the webhook has to begin with https:// or http://, and may hold no "
            "user and password. Write --webhook https://chat.example/hooks/…"
        )
    return str(parts.hostname)


def _seconds(value: str) -> float:
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0.0
