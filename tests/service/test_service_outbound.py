"""Calls of ours to real servers on this machine, some of which mean no good."""

import asyncio
import datetime
import importlib.util
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.errors import ConfigError
from tonecheck.service.outbound import Answer, Limits, Outbound, OutboundError, is_public

_SPEC = importlib.util.spec_from_file_location(
    "discourse_forum", Path(__file__).with_name("discourse_forum.py")
)
discourse_forum = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(discourse_forum)

PRIVATE = Limits(private=True, seconds=2, most=10_000)


async def odd_server(scope, receive, send):
    """Answer each path in another way that a client should not put up with."""
    if scope["type"] != "http":
        return
    path, headers, chunks = scope["path"], [], [b'{"ok": true}']
    status = 200
    if path == "/elsewhere":
        status, headers = 302, [(b"location", b"/fine")]
    if path == "/large":
        chunks = [b" " * 4_000] * 4
    if path == "/compressed":
        headers = [(b"content-encoding", b"gzip")]
    if path == "/page":
        chunks = [b"<html>"]
    if path == "/seen":
        seen = {name.decode(): value.decode() for name, value in scope["headers"]}
        chunks = [repr(seen).replace("'", '"').encode()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if path == "/slow":
        for _ in range(30):  # each piece comes in time, the whole does not
            await asyncio.sleep(0.1)
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def server():
    with discourse_forum.serving(odd_server, lifespan="off") as address:
        yield address


def leads_to(*addresses):
    async def resolve(host, port):
        return addresses

    return resolve


def ask(outbound, path="/fine", form=None):
    async def call():
        try:
            return await (outbound.post(path, form) if form else outbound.get(path))
        finally:
            await outbound.close()

    return asyncio.run(call())


def test_an_answer_comes_back_with_its_json_or_without(server):
    assert ask(Outbound(server, limits=PRIVATE)) == Answer(status=200, data={"ok": True})
    assert ask(Outbound(server, limits=PRIVATE), "/page") == Answer(status=200)


def test_the_address_that_was_checked_is_the_one_that_is_asked(server):
    port = server.rpartition(":")[2]
    outbound = Outbound(
        f"http://forum.example:{port}",
        headers={"Api-Key": "k"},
        limits=PRIVATE,
        resolver=leads_to("127.0.0.1"),
    )

    assert ask(outbound, "/seen").data == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "host": f"forum.example:{port}",
        "user-agent": "tonecheck",
        "api-key": "k",
    }


def test_paths_go_below_that_of_the_address_and_forms_are_sent(server):
    outbound = Outbound(f"{server}/seen/", limits=PRIVATE)
    assert ask(Outbound(f"{server}/se", limits=PRIVATE), "/elsewhere").status == 200

    assert ask(outbound, "", form={"a": "ü&b"}).data["content-type"] == (
        "application/x-www-form-urlencoded"
    )


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/elsewhere", r"^the server sends us elsewhere, which we do not follow$"),
        ("/large", r"^the answer is larger than 10,000 bytes$"),
        ("/compressed", r"^the answer is compressed, which was not asked for$"),
        ("/slow", r"^no answer within 2 s$"),
    ],
)
def test_what_a_server_should_not_do_ends_the_call(server, path, says):
    with pytest.raises(OutboundError, match=says):
        ask(Outbound(server, limits=PRIVATE), path)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:10.0.0.1"]])
def test_a_name_that_leads_into_a_private_network_is_not_asked(addresses):
    outbound = Outbound("https://forum.example", resolver=leads_to(*addresses))

    with pytest.raises(OutboundError, match=r"^the server's name leads into a private network$"):
        ask(outbound)


def test_numbers_in_the_address_are_checked_as_well():
    with pytest.raises(OutboundError, match=r"leads into a private network$"):
        ask(Outbound("https://127.0.0.1"))


def test_nobody_at_home_says_so_without_the_address():
    outbound = Outbound("http://127.0.0.1:9", limits=PRIVATE)

    with pytest.raises(OutboundError, match=r"^no answer \(ConnectError\)$"):
        ask(outbound, "/secret-name")


def test_a_proxy_in_the_environment_is_not_used(server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert ask(Outbound(server, limits=PRIVATE)).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://forum.example",
        "ftp://forum.example",
        "https://user:password@forum.example",
        "https://forum.example?x=1",
        "https://forum.example/#x",
        "https://",
        "https://forum.example:0",
        "forum.example",
    ],
)
def test_an_address_that_is_not_plainly_a_server_is_refused(url):
    with pytest.raises(ConfigError, match=r"Write https://forum\.example\.$") as error:
        Outbound(url)
    assert "password@" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1%eth0",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:1::",
        "forum.example",
        "",
    ],
)
def test_addresses_that_are_not_of_the_public_internet(address):
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_within_another_as_by_itself(inner):
    number = int(inner)
    wrapped = [f"::ffff:{inner}", str(ip_address((0x64FF9B << 96) | number))]

    assert all(is_public(one) <= is_public(str(inner)) for one in wrapped)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The files of a certificate for forum.example, and of its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="pip install cryptography")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "forum.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("forum.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, plain[1], plain[0]))
    return folder / "cert.pem", folder / "key.pem"


def test_a_certificate_is_checked_against_the_name_though_a_number_is_asked(certificate):
    cert, key = map(str, certificate)
    trust = ssl.create_default_context(cafile=cert)
    more = {"ssl_certfile": cert, "ssl_keyfile": key, "lifespan": "off"}
    with discourse_forum.serving(odd_server, **more) as address:
        port = address.rpartition(":")[2]

        def client(name, trust):
            url = f"https://{name}:{port}"
            return Outbound(url, limits=PRIVATE, resolver=leads_to("127.0.0.1"), trust=trust)

        assert ask(client("forum.example", trust)).status == 200
        for wrong in (client("other.example", trust), client("forum.example", None)):
            with pytest.raises(OutboundError, match=r"^no answer \(ConnectError\)$"):
                ask(wrong)
