from doctorsun.bench.load_questions import load_questions


def test_every_request_has_a_picture_of_its_own_and_a_question() -> None:
    requests = load_questions(12, seed=1, max_tokens=7)
    parts = [request["messages"][-1]["content"] for request in requests]
    pictures = [part["image_url"]["url"] for content in parts for part in content if part["type"] == "image_url"]
    words = [part["text"] for content in parts for part in content if part["type"] == "text"]
    assert len(set(pictures)) == len(requests) == len(words)
    assert {text.isascii() for text in words} == {True, False}, "questions in both languages"
    assert {(request["max_tokens"], request["temperature"]) for request in requests} == {(7, 0.0)}
    assert all(request["messages"][-1]["role"] == "user" for request in requests)


def test_a_seed_gives_the_same_requests_again_and_another_one_others() -> None:
    first = load_questions(2, seed=1, max_tokens=7)
    assert first == load_questions(2, seed=1, max_tokens=7)
    assert first != load_questions(2, seed=2, max_tokens=7)
