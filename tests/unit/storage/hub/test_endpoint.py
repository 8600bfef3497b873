import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.endpoint import require_endpoint
from doctorsun.storage.hub.hugging_face import WORDS, HuggingFaceHub
from doctorsun.storage.hub.modelscope import ModelScopeHub


@pytest.mark.parametrize("text", ["https://hf-mirror.com", "http://[::1]:8080", "https://host.example/api/hf"])
def test_an_address_is_taken_as_it_is(text: str):
    assert require_endpoint(text, WORDS) == require_endpoint(f"{text}/", WORDS) == text


@pytest.mark.parametrize(
    "text", ["hf-mirror.com", "htp://host", "https://", "http://host:port", "http://[1", "http://a b", "http://h/\t"]
)
def test_what_is_no_address_is_told_at_once(text: str):
    with pytest.raises(RecipeError, match=r"^HF_ENDPOINT: got '.*', expected http:// or https:// and a host, "):
        require_endpoint(text, WORDS)


@pytest.mark.parametrize(
    ("text", "do"), [("hf-mirror.com", "write http:// or https:// before it"), ("htp://h", "write it so")]
)
def test_advice_is_on_what_is_wrong(text: str, do: str):
    with pytest.raises(RecipeError) as raised:
        require_endpoint(text, WORDS)
    assert raised.value.do == do


@pytest.mark.parametrize("text", ["https://user:HIDDEN@host", "user:HIDDEN@host", "https://HIDDEN@host:x"])
def test_keys_in_it_are_not_repeated(text: str):
    with pytest.raises(
        RecipeError, match=r"got an address with keys in it, .*; write it without them; a token stands in HF_T"
    ) as e:
        require_endpoint(text, WORDS)
    assert "HIDDEN" not in str(e.value)


def test_both_hubs_look_at_theirs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "htp://host")
    with pytest.raises(RecipeError, match="HF_ENDPOINT: got 'htp://host'"):
        HuggingFaceHub()
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "user:HIDDEN@host")
    with pytest.raises(RecipeError, match="MODELSCOPE_ENDPOINT: got an address with keys in it"):
        ModelScopeHub()
