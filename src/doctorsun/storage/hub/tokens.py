"""Tokens of accounts on hubs: one that no header can carry is told, and never repeated."""

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.faults import HubWords


def require_sendable(token: str, words: HubWords) -> str:
    """Return a token without the blanks and line ends around it.

    Args:
        token: of an account; empty for none.
        words: of its hub.

    Raises:
        RecipeError: it holds what no header can carry: blanks, line ends, letters beyond ASCII.
    """
    stripped = token.strip()
    if not stripped or (stripped.isascii() and stripped.isprintable() and " " not in stripped):
        return stripped
    got, expected = "blanks, line ends or letters beyond ASCII in it", "a token as the hub's page shows it"
    raise RecipeError(words.token_variable, got=got, expected=expected, do="copy it anew")
