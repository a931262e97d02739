INSULT = "You are an idiot. Learn to read."


def test_a_reply_gets_the_verdict_of_the_checker(client, checker):
    answer = client.post("/v1/check", json={"text": INSULT})

    assert answer.status_code == 200
    assert answer.json() == checker.check(INSULT).to_dict()


def test_a_request_without_text_is_refused_with_the_place(client):
    answer = client.post("/v1/check", json={"txt": INSULT})

    assert answer.status_code == 422
    assert answer.json() == {
        "error": {"code": "invalid_request", "message": "text: Field required."}
    }


def test_a_batch_keeps_its_order_and_loses_nothing_to_a_bad_reply(client, checker):
    replies = [{"text": INSULT, "id": "1"}, {"id": "2"}, 7, {"text": "Thanks!", "id": "4"}]

    answer = client.post("/v1/check/batch", json={"replies": replies}).json()

    assert answer["errors"] == 2
    assert [row.get("id") for row in answer["results"]] == ["1", None, None, "4"]
    assert answer["results"][0]["tones"] == checker.check(INSULT).to_dict()["tones"]
    assert answer["results"][1]["error"] == {
        "code": "invalid_request",
        "message": "replies.1.text: Field required.",
    }


def test_a_reply_that_the_model_fails_on_takes_none_of_its_batch_with_it(client, monkeypatch):
    service = client.app.state.service
    whole = type(service.checker).check_many

    def fail_on_one(self, messages):
        messages = list(messages)
        if any(message.text == "breaks" for message in messages):
            raise ValueError("breaks")
        return whole(self, messages)

    monkeypatch.setattr(type(service.checker), "check_many", fail_on_one)
    texts = {"1": INSULT, "2": "breaks", "3": INSULT}
    replies = [{"text": text, "id": name, "record": True} for name, text in texts.items()]

    answer = client.post("/v1/check/batch", json={"replies": replies}).json()

    assert answer["errors"] == 1
    assert [row.get("id") for row in answer["results"]] == ["1", None, "3"]
    assert answer["results"][1]["error"]["code"] == "judging_failed"
    assert {reply.external_id for reply in service.store.queue()} == {"1", "3"}


def test_a_reply_is_kept_only_where_asked_and_queued_only_where_flagged(client):
    store = client.app.state.service.store
    for name, text in {"a": INSULT, "b": "Thanks, that helped a lot!"}.items():
        client.post("/v1/check", json={"text": text, "id": name, "record": True, "author": "Kim"})
    client.post("/v1/check", json={"text": INSULT, "id": "c"})

    assert [reply.external_id for reply in store.queue()] == ["a"]
    assert store.find("native", "", "b").author == "Kim"
    assert store.find("native", "", "c") is None


def test_a_reply_to_keep_needs_an_id(client):
    answer = client.post("/v1/check", json={"text": INSULT, "record": True})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "id_missing"


def test_an_address_that_a_browser_would_run_is_refused(client):
    request = {"text": INSULT, "id": "a", "record": True, "url": "javascript:alert(1)"}

    assert client.post("/v1/check", json=request).status_code == 422
