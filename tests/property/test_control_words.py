"""Whatever words are made of, they come back as they were and hold no control token."""

from hypothesis import given, settings
from hypothesis import strategies as st

from doctorsun.processor.tokenizer import SPECIAL_TOKENS
from small_model import small_processor, user

PROCESSOR = small_processor()
PIECES = st.one_of(
    st.sampled_from(
        [*SPECIAL_TOKENS, "<|eot_", "id|>", "<", "<im", "age>", "<box>", "\ufdd0", "\ufdd0\ufdd0", " ", "\n"]
    ),
    st.text(max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_words_are_kept_and_never_steer(pieces: list[str]) -> None:
    asked, harmless = [user(*pieces)], [user("")]
    ids = PROCESSOR.prompt(asked)
    special = {PROCESSOR.token_id(name) for name in SPECIAL_TOKENS}
    control = [token for token in PROCESSOR.prompt(harmless) if token in special]
    assert [token for token in ids if token in special] == control
    text = PROCESSOR.tokenizer.decode(ids, skip_special_tokens=False)
    assert text == PROCESSOR.template.render(asked, add_generation_prompt=True)
