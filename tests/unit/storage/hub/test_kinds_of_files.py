import pytest

from doctorsun.storage.hub.kinds import STORE, WEIGHTS


@pytest.mark.parametrize(
    "path",
    [
        "config.json",
        "model-00001-of-00002.safetensors",
        "pytorch_model.bin",
        "iter_100.pth",
        "iter_100.pth/mp_rank_00_model_states.pt",
        "iter_100.pth/latest",
        "tokenizer.model",
        "merges.txt",
        "chat_template.jinja",
        "README.md",
        "LICENSE",
        "SHA256SUMS",
        "sub/Weights.SAFETENSORS",
    ],
)
def test_weights_are_tensors_and_texts(path: str):
    assert WEIGHTS.takes(path)


@pytest.mark.parametrize(
    "path",
    [
        "modeling_llava.py",
        "a/b.pyc",
        "run.sh",
        "x.so",
        "x.pkl",
        "data.parquet",
        ".gitattributes",
        ".git/config.json",
        "x",
    ],
)
def test_code_and_hidden_files_are_never_taken(path: str):
    assert not WEIGHTS.takes(path)


def test_a_configuration_that_is_read_as_text_is_taken():
    assert WEIGHTS.takes("xtuner_config.py")
    assert WEIGHTS.takes("sub/xtuner_config.py")
    assert not STORE.takes("xtuner_config.py")


def test_a_store_is_tables_and_texts():
    assert [
        path for path in ("manifest.json", "shards/1.parquet", "m.safetensors", "loader.py") if STORE.takes(path)
    ] == [
        "manifest.json",
        "shards/1.parquet",
    ]
