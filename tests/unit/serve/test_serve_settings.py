import pytest

from doctorsun.errors import RecipeError
from doctorsun.serve.keys import one_key
from doctorsun.serve.settings import ServeSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_needs_no_key(host: str) -> None:
    assert ServeSettings(model_name="m", revision="r", host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "sun.hospital", "localhost.evil.example"])  # noqa: S104
def test_other_machines_need_a_key(host: str) -> None:
    with pytest.raises(RecipeError, match=f"serving on {host}: got no API key, expected one, since other machines"):
        ServeSettings(model_name="m", revision="r", host=host)
    assert not ServeSettings(model_name="m", revision="r", host=host, keys=one_key("k")).is_loopback
