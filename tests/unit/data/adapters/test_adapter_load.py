from pathlib import Path

import pytest

from doctorsun.config.collection import ConvertSource, ImportSource
from doctorsun.data.adapters.load import load_adapter, load_collection, shipped_adapters
from doctorsun.errors import RecipeError


def write(folder: Path, text: str) -> Path:
    path = folder / "page.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaints(error: RecipeError) -> list[str]:
    return [line.partition("page.yaml")[2] for line in error.text().splitlines()]


@pytest.mark.parametrize("name", shipped_adapters())
def test_every_shipped_adapter_loads_under_its_own_name(name: str):
    assert load_adapter(name).dataset


def test_an_unknown_name_is_told_with_the_nearest_one():
    with pytest.raises(RecipeError, match=r"there is no adapter 'kvasir_sag': expected .*; did you mean 'kvasir_seg'"):
        load_adapter("kvasir_sag")


def test_everything_wrong_with_an_adapter_is_told_at_once(tmp_path: Path):
    text = """\
dataset: own
tittle: Own
url: https://example.org
licence: CC0-1.0
modality: xray
task: guessing
reader: {kind: class_folders, image: "{label}/{name}.png"}
"""
    with pytest.raises(RecipeError) as caught:
        load_adapter(str(write(tmp_path, text)))

    told = complaints(caught.value)
    assert len(told) == 5
    assert told[0].startswith(":1:1: title: missing key")
    assert any(line.startswith(":2:1: tittle: unknown key") and "did you mean 'title'?" in line for line in told)
    assert any(line.startswith(":6:7: task: not a known value: got 'guessing'") for line in told)
    assert any(line.startswith(":7:31: reader.image: unknown key") and "'images'" in line for line in told)


def test_a_collection_holds_sources_of_both_kinds(tmp_path: Path):
    text = (
        "name: both\nsources:\n  a: {adapter: bloodmnist, root: a}\n  b: {format: llava, path: b.json, images: [c]}\n"
    )

    sources = load_collection(write(tmp_path, text)).sources

    assert sources["a"] == ConvertSource(adapter="bloodmnist", root="a")
    assert sources["b"] == ImportSource(format="llava", path="b.json", images=("c",))


def test_a_wrong_source_is_told_as_the_kind_that_it_means(tmp_path: Path):
    text = "name: x\nsources:\n  a: {adapter: bloodmnist, rot: a}\n  b: {format: llava, pth: y}\n  c: 3\n"

    with pytest.raises(RecipeError) as caught:
        load_collection(write(tmp_path, text))

    keys = "format, path, images, remap, dataset, licence, split, language, domain, columns"
    assert complaints(caught.value) == [
        ":3:3: sources.a.root: missing key; write 'root: ...' there",
        ":3:28: sources.a.rot: unknown key: got 'rot', expected one of adapter, root; did you mean 'root'?",
        ":4:3: sources.b.path: missing key; write 'path: ...' there",
        f":4:22: sources.b.pth: unknown key: got 'pth', expected one of {keys}; did you mean 'path'?",
        ":5:6: sources.c: wrong value: got 3, expected a mapping; correct it there",
    ]


def test_the_example_collection_loads():
    example = Path(__file__).parents[4] / "examples" / "public_sets.yaml"
    assert len(load_collection(example).sources) > 1
