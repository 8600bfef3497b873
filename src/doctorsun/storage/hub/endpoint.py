"""Addresses of hubs and their mirrors as the environment names them: one that cannot be asked is told at once."""

from urllib.parse import urlsplit

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.faults import HubWords


def require_endpoint(text: str, words: HubWords) -> str:
    """Return the address of a hub, which is repeated in messages and pages.

    Args:
        text: as the user gave it.
        words: of the hub.

    Raises:
        RecipeError: it has no scheme or host that can be asked, or keys in it.
    """
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:  # a port or an IPv6 address that is none
        is_one = False
    if is_one and "@" not in text and text.isprintable() and " " not in text:
        return text.rstrip("/")
    raise RecipeError(
        words.endpoint_variable,
        got="an address with keys in it" if "@" in text else f"'{text}'",
        expected="http:// or https:// and a host, with its port if need be",
        do=advice(text, f"a token stands in {words.token_variable}"),
    )


def advice(text: str, keys: str) -> str:
    """Return what to do with an address that is none.

    Args:
        text: the address.
        keys: where the keys go that some have in them.
    """
    if "@" in text:
        return f"write it without them; {keys}"
    return "write it so" if "://" in text else "write http:// or https:// before it"
