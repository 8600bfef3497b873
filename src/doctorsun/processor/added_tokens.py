"""Tokens beside a vocabulary, each at the id that it has to have."""

import json
from collections.abc import Callable
from typing import Any

from tokenizers import AddedToken, Tokenizer

from doctorsun.errors import WeightsError


def next_id(tokenizer: Tokenizer) -> int:
    """Return the id after the highest one, whatever gaps stand below."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1


def with_token(tokenizer: Tokenizer, token: AddedToken, token_id: int) -> Tokenizer:
    """Return the tokenizer with an added token at this id.

    One that it has already stays as it is, but for being special where ``token`` is.

    Raises:
        WeightsError: the text has another id, or the id another text.
    """
    present, holder = tokenizer.token_to_id(token.content), tokenizer.id_to_token(token_id)
    if present not in (None, token_id) or holder not in (None, token.content):
        raise WeightsError(
            f"the added token {token.content}",
            got=f"id {token_id}, which is that of {holder}" if present is None else f"ids {present} and {token_id}",
            expected="one id for one token",
            do="copy the tokenizer's files again, all from one place",
        )
    known = tokenizer.get_added_tokens_decoder().get(token_id)
    if known is not None:
        is_new = token.special and not known.special
        return _changed(tokenizer, lambda described: _make_special(described, token_id)) if is_new else tokenizer
    if present is None and token_id != _id_given_by_library(tokenizer):
        tokenizer = _changed(tokenizer, lambda described: described["model"]["vocab"].update({token.content: token_id}))
    tokenizer.add_tokens([token])
    return tokenizer


def _changed(tokenizer: Tokenizer, change: Callable[[dict[str, Any]], None]) -> Tokenizer:
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    change(described)
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))


def _make_special(described: dict[str, Any], token_id: int) -> None:
    for token in described["added_tokens"]:
        if token["id"] == token_id:
            token["special"] = True


def _id_given_by_library(tokenizer: Tokenizer) -> int:
    """Return the id of the next added token: the library counts the entries of a vocabulary and sees no gap."""
    after_added = (token_id + 1 for token_id in tokenizer.get_added_tokens_decoder())
    return max(tokenizer.get_vocab_size(with_added_tokens=False), *after_added, 0)
