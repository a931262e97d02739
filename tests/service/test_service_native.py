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
