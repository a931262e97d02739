"""Asks one server that the operator named, and no other: what a post says cannot send us elsewhere.

Where a name leads is looked up first, checked, and that very address is asked, so that it cannot
change between check and call (OWASP, Server Side Request Forgery Prevention Cheat Sheet).
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from tonecheck.errors import ConfigError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks up the addresses of a host."""

_PORTS = {"https": 443, "http": 80}
# Addresses that hold an IPv4 address, behind a translator (RFC 6052, RFC 8215).
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class OutboundError(Exception):
    """The server was not asked, or gave no answer that can be read; the message has no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much.

    Attributes:
        seconds: For a whole call, from the look-up to the last byte.
        most: The largest answer, in bytes.
        private: Whether addresses that are not of the public internet may be asked.
    """

    seconds: float = 5.0
    most: int = 1_000_000
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's answer; `data` is None where it is not JSON."""

    status: int
    data: Any = None


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the operating system finds them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class Outbound:
    """A client of one origin.

    It follows no redirects, takes no proxy from the environment, and sends its headers nowhere
    else. Certificates are checked against the name, not the address.

    Attributes:
        url: The server's address, such as `https://forum.example`; it may have a path.
        headers: Sent with every call.
        resolver: Looks up the host, for tests.
        trust: Which certificates are good; those of the system unless given.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = Limits()
    resolver: Resolve = resolve
    trust: ssl.SSLContext | None = None
    _root: httpx.URL = field(init=False, repr=False)
    _client: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the address.

        Raises:
            ConfigError: If it is not one of a server, or holds a password.
        """
        self._root = _root(self.url, private=self.limits.private)
        self._client = httpx.AsyncClient(
            verify=self.trust or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=self.limits.seconds,
        )

    async def get(self, path: str) -> Answer:
        """Return the answer to a GET of a path below the address.

        Raises:
            OutboundError: If the server may not be asked, cannot be, or answers too much.
        """
        return await self._ask("GET", path, {})

    async def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Return the answer to a POST of a form; raises as `get` does."""
        return await self._ask("POST", path, form)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _ask(self, method: str, path: str, form: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._ask_address(method, path, form)
        except TimeoutError:
            raise OutboundError(f"no answer within {self.limits.seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as err:
            # Not the error's own words: they may hold an address with a name in it.
            raise OutboundError(f"no answer ({type(err).__name__})") from None

    async def _ask_address(self, method: str, path: str, form: Mapping[str, str]) -> Answer:
        url = self._root.copy_with(path=self._root.path.rstrip("/") + path)
        host = self._root.host
        port = self._root.port or _PORTS[self._root.scheme]
        address = self._allowed(await self.resolver(host, port))
        request = self._client.build_request(
            method,
            url.copy_with(host=address),
            data=dict(form) or None,
            headers={
                **self.headers,
                "Host": self._root.netloc.decode("ascii"),
                "Accept": "application/json",
                "User-Agent": "tonecheck",
                "Accept-Encoding": "identity",  # so that what is counted is what is held
            },
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            return await self._read(answer)
        finally:
            await answer.aclose()

    async def _read(self, answer: httpx.Response) -> Answer:
        if answer.is_redirect:
            raise OutboundError("the server sends us elsewhere, which we do not follow")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise OutboundError("the answer is compressed, which was not asked for")
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > self.limits.most:
                raise OutboundError(f"the answer is larger than {self.limits.most:,} bytes")
        try:
            return Answer(status=answer.status_code, data=json.loads(body))
        except (ValueError, RecursionError):
            return Answer(status=answer.status_code)

    def _allowed(self, addresses: Sequence[str]) -> str:
        """Return the first address; all have to be allowed, or the name is not to be trusted."""
        if not addresses:
            raise OutboundError("the server's name leads nowhere")
        if not self.limits.private and not all(map(is_public, addresses)):
            raise OutboundError("the server's name leads into a private network")
        return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an address is one of the public internet, also of what it may wrap.

    Example:
        >>> [is_public(a) for a in ("1.1.1.1", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1")]
        [True, False, False, False]
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    wrapped = _wrapped(ip)
    return ip.is_global and not ip.is_multicast and all(map(is_public, map(str, wrapped)))


def _wrapped(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(ip, IPv4Address):
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if any(ip in network for network in _TRANSLATED):
        found.append(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]


def _root(url: str, *, private: bool) -> httpx.URL:
    try:
        parts = urlsplit(url)
        root = httpx.URL(url)
        port = parts.port
    except (ValueError, httpx.InvalidURL):
        raise ConfigError("this is no address of a server. Write https://forum.example.") from None
    schemes = ("https", "http") if private else ("https",)
    extra = parts.username or parts.password or parts.query or parts.fragment
    if parts.scheme not in schemes or not root.host or extra or port == 0:
        raise ConfigError(
            f"the address of a server has to begin with {' or '.join(schemes)}://, and may hold no "
            "password, question mark or #. Write https://forum.example."
        )
    return root
