"""Settings from the command line: what they change, and what each wrong one is told."""

from pathlib import Path

import pytest

from doctorsun.config.document import Node, parse_document
from doctorsun.config.load import load_recipe
from doctorsun.config.override import apply_override
from doctorsun.errors import RecipeError

TEXT = """\
name: base
model: {preset: tiny}
data: {sources: {phantom: {reader: phantom, num_images: {train: 100}}}}
stages:
  align: {trainable: {projector: full}, mixture: [{source: phantom}], steps: 10, batch_samples: 8, lr: 1e-3}
"""


def root() -> Node:
    return parse_document(TEXT, "r.yaml")


def complaint(setting: str) -> str:
    with pytest.raises(RecipeError) as caught:
        apply_override(root(), setting)
    return caught.value.text()


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("stages.align.lr=3e-4", ("stages", "align", "lr"), 0.0003),
        ("stages.align.mixture.0.weight=0.5", ("stages", "align", "mixture", 0, "weight"), 0.5),
        ("stages.align.mixture.0={source: x}", ("stages", "align", "mixture", 0), {"source": "x"}),
        ("evaluation.max_tokens=5", ("evaluation", "max_tokens"), 5),
        ("model.tokenizer.vocab_size=512", ("model", "tokenizer", "vocab_size"), 512),
        ("data.root=/data/a=b", ("data", "root"), "/data/a=b"),
        ("init=/weights", ("model", "init"), "/weights"),
        ("description=a word", ("description",), "a word"),
    ],
)
def test_a_setting_is_put_in_with_its_own_mark(setting: str, path: tuple[str | int, ...], value: object):
    node = apply_override(root(), setting).nearest(*path)
    assert (node.plain(), node.mark) == (value, f"--set {setting}")


def test_the_rest_of_the_document_stays_as_it_was():
    before, after = root(), apply_override(root(), "stages.align.mixture.0.weight=0.5")
    expected = before.plain()
    expected["stages"]["align"]["mixture"][0]["weight"] = 0.5
    assert after.plain() == expected
    assert after.nearest("stages", "align", "lr").mark == before.nearest("stages", "align", "lr").mark


def test_null_takes_a_key_away():
    assert "preset" not in apply_override(root(), "model.preset=null").plain()["model"]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("lr", "--set lr: expected KEY.PATH=VALUE; write it like --set stages.align.lr=3e-4"),
        ("=3", "--set =3: expected KEY.PATH=VALUE; write it like --set stages.align.lr=3e-4"),
        ("name=", "--set name=: got no value, expected KEY.PATH=VALUE; null takes the key away"),
        ("stages..lr=1", "--set stages..lr=1: got an empty key in the path, expected KEY.PATH=VALUE; check the dots"),
        ("extends=x", "--set extends=x: got 'extends', expected a setting; give the other recipe's name instead"),
        ("name=a: b: c", "--set name=a: b: c: this is not YAML: got mapping values are not allowed here"),
        (
            "stages.aligm.lr=1",
            (
                "--set stages.aligm.lr=1: stages.aligm is not in the recipe: got 'aligm', expected 'align';"
                " did you mean 'align'?"
            ),
        ),
        (
            "stages.instruct.lr=1",
            (
                "--set stages.instruct.lr=1: stages.instruct is not in the recipe: got 'instruct', expected 'align';"
                " set the whole of it, or choose one of these"
            ),
        ),
        (
            "data.sources.phantm.num_images.train=1",
            (
                "--set data.sources.phantm.num_images.train=1: data.sources.phantm is not in the recipe: got 'phantm',"
                " expected 'phantom'; did you mean 'phantom'?"
            ),
        ),
        (
            "stages.align.mixture.1.weight=1",
            (
                "--set stages.align.mixture.1.weight=1: stages.align.mixture is a list without item 1: got '1',"
                " expected an index from 0 to 0; or set the whole list"
            ),
        ),
        (
            "stages.align.trainable.projector.lr=1",
            (
                "--set stages.align.trainable.projector.lr=1: stages.align.trainable.projector has no keys: got 'full',"
                " expected a mapping; set the whole of it: --set 'stages.align.trainable.projector={lr: ...}'"
            ),
        ),
    ],
)
def test_each_wrong_setting_is_told_what_to_do(setting: str, expected: str):
    assert complaint(setting).startswith(expected)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("sed=1", "--set sed=1: sed: unknown key: got 'sed', expected one of extends, name, "),
        (
            "evaluation.tassks.x=1",
            "--set evaluation.tassks.x=1: evaluation.tassks: unknown key: got 'tassks', expected one of",
        ),
        ("seed=null", "--set seed=null: seed: wrong value: got nothing, expected a whole number from 0 to 4294967295;"),
        ("stages.align.lr=1e999", "--set stages.align.lr=1e999: stages.align.lr: wrong value: got '1e999', expected a"),
    ],
)
def test_a_setting_that_the_recipe_does_not_know_is_named_by_its_own_text(tmp_path: Path, setting: str, expected: str):
    path = tmp_path / "r.yaml"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides=[setting])
    assert caught.value.text().startswith(expected)
