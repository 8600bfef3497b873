"""The bytes of single tokens, which may be parts of characters."""

import re
from functools import cached_property

from tokenizers import Tokenizer

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_BLANK = "\u2581"


class TokenBytes:
    """Tells which bytes of a text a token stands for: one at a time, and without decoding the others.

    Args:
        tokenizer: byte-level (GPT-2, Llama 3), or SentencePiece with its bytes as tokens.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._is_byte_level = "ByteLevel" in repr(tokenizer.decoder)

    @cached_property
    def _added(self) -> dict[int, str]:
        """Added tokens are kept as they are written, in no alphabet of bytes."""
        return {index: token.content for index, token in self._tokenizer.get_added_tokens_decoder().items()}

    def __getitem__(self, token_id: int) -> bytes:
        """Return the token's bytes; an id that the vocabulary does not hold has none."""
        if token_id in self._added:
            return self._added[token_id].encode()
        name = self._tokenizer.id_to_token(token_id) or ""
        if self._is_byte_level:
            return bytes(_BYTES_OF_CHARACTERS[character] for character in name)
        byte = _BYTE.fullmatch(name)
        return bytes([int(byte[1], 16)]) if byte else name.replace(_BLANK, " ").encode()


def _bytes_of_characters() -> dict[str, int]:
    """Return the printable characters by which byte-level tokenizers write bytes.

    Source: Radford et al. 2019 (GPT-2), bytes_to_unicode in encoder.py.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES_OF_CHARACTERS = _bytes_of_characters()
