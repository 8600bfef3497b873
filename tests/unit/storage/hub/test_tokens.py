import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.faults import HubWords
from doctorsun.storage.hub.modelscope import ModelScopeHub
from doctorsun.storage.hub.tokens import require_sendable

WORDS = HubWords(title="A hub", token_variable="A_TOKEN", endpoint_variable="AN_ENDPOINT")  # noqa: S106 (a name)


@pytest.mark.parametrize(("token", "sent"), [("", ""), ("hf_ab-1", "hf_ab-1"), (" hf_ab\r\n", "hf_ab"), ("\n", "")])
def test_what_stands_around_a_token_is_taken_away(token: str, sent: str):
    assert require_sendable(token, WORDS) == sent


@pytest.mark.parametrize("token", ["hf_ab\nhf_cd", "hf_ab hf_cd", "hf_ab密", "hf_ab\x00"])
def test_a_token_that_cannot_be_sent_is_told_and_not_repeated(token: str):
    with pytest.raises(RecipeError, match=r"^A_TOKEN: got blanks, line ends.*; copy it anew") as raised:
        require_sendable(token, WORDS)
    assert "hf_" not in str(raised.value)


def test_the_token_of_modelscope_is_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms-ab\nms-cd")
    with pytest.raises(RecipeError, match=r"^MODELSCOPE_API_TOKEN: got blanks") as raised:
        ModelScopeHub("http://127.0.0.1:9")
    assert "ms-ab" not in str(raised.value)
