import pytest
from tokenizers import Tokenizer, decoders, models

from doctorsun.generate.token_bytes import TokenBytes
from doctorsun.processor.processor import Processor


def test_bytes_of_byte_level_tokens_make_the_text_again(processor: Processor) -> None:
    text = "Left lung, 左肺结节 µ é 🫁\n  \t"
    token_bytes = TokenBytes(processor.tokenizer)
    ids = processor.tokenizer.encode(text, add_special_tokens=False).ids
    assert b"".join(token_bytes[token_id] for token_id in ids).decode() == text
    assert any(len(token_bytes[token_id].decode(errors="ignore")) == 0 for token_id in ids)


def test_an_added_token_is_what_is_written(processor: Processor) -> None:
    assert TokenBytes(processor.tokenizer)[processor.image_token_id] == b"<image>"


@pytest.fixture
def sentencepiece() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(vocab={"<0xE5>": 0, "\u2581left": 1, "肺": 2}, merges=[], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


@pytest.mark.parametrize(("token_id", "data"), [(0, b"\xe5"), (1, b" left"), (2, "肺".encode()), (9, b"")])
def test_bytes_of_sentencepiece_tokens(sentencepiece: Tokenizer, token_id: int, data: bytes) -> None:
    assert TokenBytes(sentencepiece)[token_id] == data
