import pytest

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.proxy import proxy_of

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")
SERVICE = "https://s3.example.org:9000"
PROXY = {"scheme": "http", "host": "proxy", "port": 3128}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_a_variable_there_is_none():
    assert proxy_of(SERVICE) is None


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, PROXY),
        ({"https_proxy": "http://proxy:3128/"}, PROXY),
        ({"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "http://proxy:3128"}, PROXY),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": "http://proxy:3128"}, PROXY),
        ({"HTTPS_PROXY": "http://proxy"}, {**PROXY, "port": 80}),
        ({"HTTPS_PROXY": "https://proxy"}, {**PROXY, "scheme": "https", "port": 443}),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, {**PROXY, "host": "[::1]"}),
        ({"HTTPS_PROXY": "http://a%40b:p%3Aq@proxy:3128"}, {**PROXY, "username": "a@b", "password": "p:q"}),
        ({"HTTPS_PROXY": "http://user@proxy:3128"}, {**PROXY, "username": "user", "password": ""}),
    ],
)
def test_the_variable_of_the_scheme_comes_first(
    variables: dict[str, str], proxy: dict[str, object] | None, monkeypatch: pytest.MonkeyPatch
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(SERVICE) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "is_used"),
    [
        ("s3.example.org", False),
        (".example.org", False),
        ("localhost, example.org", False),
        ("s3.example.org:9000", False),
        ("*", False),
        ("s3.example.org:80", True),
        ("example", True),
        ("notexample.org", True),
    ],
)
def test_hosts_of_no_proxy_are_asked_straight(no_proxy: str, is_used: bool, monkeypatch: pytest.MonkeyPatch):  # noqa: FBT001 (a parameter of pytest)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_of(SERVICE) == (PROXY if is_used else None)


@pytest.mark.parametrize("text", ["socks5://user:HIDDEN@proxy:1", "http://HIDDEN:HIDDEN@", "http://proxy:HIDDEN", "//"])
def test_what_is_no_proxy_is_told_and_not_repeated(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", text)
    with pytest.raises(
        RecipeError, match=r"^the proxy in ALL_PROXY: got one that the client .*; name another, or"
    ) as e:
        proxy_of(SERVICE)
    assert "HIDDEN" not in str(e.value)
