import pytest

from tonecheck.errors import ConfigError, InputError
from tonecheck.signatures import signed
from tonecheck.watch.webhook import Patience, Webhook

QUICK = Patience(seconds=2.0, first=0.01, last=0.5)


def test_an_alert_is_posted_once_and_signed(watch, log, rows, hook):
    _, _, pile = rows
    webhook = Webhook(hook.url, secret="s3cret", patience=QUICK)
    one = watch(log.write(*pile()).path, webhook=webhook).look(3)

    assert [alert["id"] for alert in hook.alerts] == [one.alerts[0]["id"]]
    assert hook.headers[0]["Content-Type"] == "application/json"
    assert hook.headers[0]["Idempotency-Key"] == one.alerts[0]["id"]
    assert signed(["s3cret"], hook.taken[0], hook.headers[0]["X-Tonecheck-Signature"])
    assert b"idiot" not in hook.taken[0]
    one.watcher.end()


def test_a_webhook_that_fails_is_tried_again_and_the_operator_is_told_once(watch, log, rows, hook):
    _, _, pile = rows
    hook.answers = [(500, {}), (500, {}), (302, {"Location": hook.url}), (503, {})]
    webhook = Webhook(hook.url, patience=QUICK)
    one = watch(log.write(*pile("a"), *pile("b")).path, webhook=webhook).look()
    one.watcher.end()

    assert [alert["thread"] for alert in hook.alerts] == ["a", "b"]
    assert one.told == ["a", "b"]
    assert one.said[0] == (
        "127.0.0.1 takes no alerts: it answered 500. They wait, and are tried again."
    )
    assert one.said[-1] == "127.0.0.1 takes alerts again."
    assert len(one.said) == 4


def test_an_alert_that_nobody_took_is_tried_again_after_a_restart(watch, log, rows, hook, tmp_path):
    _, _, pile = rows
    state = tmp_path / "state.sqlite"
    nobody = Webhook("http://127.0.0.1:9/secret-token", patience=Patience(first=0.1, last=0.1))
    first = watch(log.write(*pile()).path, state, webhook=nobody).look()
    with pytest.raises(
        InputError,
        match=r"127\.0\.0\.1 did not take 1 alert\. It was printed, and will be tried again",
    ):
        first.watcher.end()
    first.close()
    second = watch(log.path, state, webhook=Webhook(hook.url)).look()

    assert hook.alerts == first.alerts
    assert (first.told, second.told) == (["t"], [])
    assert "secret-token" not in "".join(first.said)


def test_an_alert_that_is_refused_holds_up_no_other(watch, log, rows, hook):
    _, _, pile = rows
    hook.answers = [(400, {})]
    one = watch(log.write(*pile("a"), *pile("b")).path, webhook=Webhook(hook.url)).look(2)

    assert [alert["thread"] for alert in hook.alerts] == ["b"]
    assert one.said == [
        f"127.0.0.1 did not take alert {one.alerts[0]['id']}: it answered 400. It was printed."
    ]


def test_waiting_doubles_up_to_five_minutes_and_heeds_what_the_answer_asks(hook):
    now = [0.0]
    webhook = Webhook(hook.url, clock=lambda: now[0])
    hook.answers = [(500, {})] * 3 + [(429, {"Retry-After": "120"})] + [(500, {})] * 8
    waits = []
    for _ in range(12):
        webhook.post(b"{}", key="k")
        waits.append(webhook.wait)
        now[0] += webhook.wait

    assert waits == [1, 2, 4, 120, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "a.example/hook",
        "https://",
        "https://me:pw@a.example",
        "http://[",
        "http://a b",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match="the address of the webhook has to begin with") as caught:
        Webhook(url)
    assert "pw" not in str(caught.value)
