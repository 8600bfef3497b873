"""Complaints: every kind of wrong setting, with its place, and all of them at once."""

from pathlib import Path

import pytest

from doctorsun.config.complaint import join_complaints
from doctorsun.config.load import load_recipe
from doctorsun.errors import RecipeError

LINES = [
    "name: base",  # 1
    "model: {preset: tiny}",
    "data:",
    "  sources:",
    "    phantom: {reader: phantom, num_images: {train: 100, test: 10}}",  # 5
    "stages:",
    "  align:",
    "    trainable: {projector: full}",
    "    mixture: [{source: phantom}]",
    "    steps: 10",  # 10
    "    batch_samples: 8",
    "    lr: 1e-3",
]


def complaints(folder: Path, changes: dict[int, str]) -> list[str]:
    lines = [changes.get(number, line) for number, line in enumerate(LINES, start=1)]
    path = folder / "r.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return caught.value.text().replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize(
    ("number", "line", "expected"),
    [
        (1, "nme: base", "r.yaml:1:1: name: missing key; write 'name: ...' there"),
        (1, "name: base\nsed: 1", "r.yaml:2:1: sed: unknown key: got 'sed', expected one of extends, name, "),
        (1, "name: Base!", "r.yaml:1:7: name: wrong value: got 'Base!', expected text like ^[a-z0-9]"),
        (1, "name: 12", "r.yaml:1:7: name: wrong value: got 12, expected text; put quotes around it"),
        (
            2,
            "model: {}",
            "r.yaml:2:8: model: a model needs 'preset' (sizes, random start), 'init' (weights),",
        ),
        (2, "model: tiny", "r.yaml:2:8: model: wrong value: got 'tiny', expected a mapping; correct it there"),
        (5, "    {}", "r.yaml:5:5: data.sources: wrong value: got a mapping, expected at least 1 of them"),
        (5, "    phantom: {}", "r.yaml:5:5: data.sources.phantom.reader: missing key; write 'reader: ...' there"),
        (
            5,
            "    phantom: {reader: phantm}",
            "r.yaml:5:23: data.sources.phantom.reader: not a known value: got 'phantm', expected one of phantom,",
        ),
        (
            5,
            "    phantom: {reader: phantom, num_image: {train: 1}}",
            "r.yaml:5:5: data.sources.phantom.num_images: missing key; write 'num_images: ...' there",
        ),
        (
            5,
            "    phantom: {reader: phantom, num_images: {trainn: 1}}",
            "r.yaml:5:45: data.sources.phantom.num_images.trainn: unknown key: got 'trainn', expected one of train,",
        ),
        (
            5,
            "    shapes: {reader: shapes, num_images: {train: 1}, modalities: [brain_mr]}",
            "r.yaml:5:54: data.sources.shapes.modalities: unknown key: got 'modalities', expected one of reader,",
        ),
        (
            5,
            "    phantom: {reader: phantom, num_images: {train: 1}, modalities: [brain]}",
            "r.yaml:5:69: data.sources.phantom.modalities.0: not a known value: got 'brain', expected one of",
        ),
        (
            7,
            "  alignx:",
            "r.yaml:7:3: stages.alignx: unknown key: got 'alignx', expected one of vision-pretrain, pretrain, text-",
        ),
        (8, "    trainable: {}", "r.yaml:8:5: stages.align: a stage needs at least one part under 'trainable'"),
        (
            8,
            "    trainable: {projector: half}",
            "r.yaml:8:28: stages.align.trainable.projector: not a known value: got 'half', expected 'full', or a",
        ),
        (
            8,
            "    trainable: {projector: {lora: {r: 4}}}",
            "r.yaml:8:29: stages.align.trainable.projector.lora.alpha: missing key; write 'alpha: ...' there",
        ),
        (
            8,
            "    trainable: {projector: {muon_lr: 0.01}}",
            "r.yaml:8:28: stages.align.trainable.projector: muon_lr is given, but the optimizer is adamw",
        ),
        (9, "    mixture: []", "r.yaml:9:14: stages.align.mixture: wrong value: got a list of 0, expected at least 1"),
        (9, "    mixture: phantom", "r.yaml:9:14: stages.align.mixture: wrong value: got 'phantom', expected a list"),
        (10, "    steps: true", "r.yaml:10:12: stages.align.steps: wrong value: got true, expected a whole number"),
        (10, "    steps: '10'", "r.yaml:10:12: stages.align.steps: wrong value: got '10', expected a whole number"),
        (
            10,
            "    steps: 0",
            "r.yaml:10:12: stages.align.steps: wrong value: got 0, expected greater than or equal to 1",
        ),
        (11, "    batch: 8", "r.yaml:11:5: stages.align.batch: unknown key: got 'batch', expected one of trainable,"),
        (
            12,
            "    lr: fast",
            "r.yaml:12:9: stages.align.lr: wrong value: got 'fast', expected a number; correct it there",
        ),
        (
            10,
            "    steps: 10\n    pack_tokens: 16",
            "r.yaml:8:5: stages.align: max_length 2048 is above pack_tokens 16",
        ),
    ],
)
def test_each_wrong_setting_is_named_with_its_place(tmp_path: Path, number: int, line: str, expected: str):
    assert complaints(tmp_path, {number: line})[0].startswith(expected)


def test_a_wrong_order_of_stages_is_named(tmp_path: Path):
    stage = "{trainable: {language: full}, mixture: [{source: phantom}], steps: 1, batch_samples: 1, lr: 1}"
    found = complaints(tmp_path, {12: f"    lr: 1e-3\n  pretrain: {stage}"})
    assert found == [
        (
            "r.yaml:1:1: the file: stages stand in the order align, pretrain; expected vision-pretrain, pretrain,"
            " text-instruct, align, deep-align, instruct, prefer; correct it there"
        )
    ]


def test_all_that_is_wrong_is_said_at_once_a_line_each(tmp_path: Path):
    found = complaints(
        tmp_path, {1: "name: 5", 8: "    trainable: {vison: full, projector: {lr: x}}", 10: "    step: 10"}
    )
    assert [line.split(": ")[1] for line in found] == [
        "name", "stages.align.trainable.vison", "stages.align.trainable.projector.lr", "stages.align.step",
    ]  # fmt: skip
    assert all(line.startswith("r.yaml:") for line in found)


def test_what_lies_below_a_wrong_key_is_not_complained_of(tmp_path: Path):
    assert len(complaints(tmp_path, {7: "  alignx:", 10: "    steps: x"})) == 1


def test_one_complaint_stays_as_it_is():
    error = RecipeError("a", got="b", expected="c", do="d")
    assert join_complaints([error]).text() == error.text() == "a: got b, expected c; d"
