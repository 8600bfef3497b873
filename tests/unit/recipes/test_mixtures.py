"""Mixture entries that select nothing, found before training with their place."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes.mixtures import check_mixtures, mixtures_by_recipe, num_without_pairs, plan_stage
from doctorsun.schema import Source
from doctorsun.storage.store import Store, StoreWriter
from doctorsun.storage.store_part import open_split
from small_model import assistant, image, png, question, sample, user, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: asked}}}}
stages:
  STAGE:
    objective: OBJECTIVE
    trainable: {vision: full}
    mixture:
      - ENTRY
    steps: 1
    batch_samples: 1
    lr: 1
"""


def complaint(folder: Path, entry: str, *, objective: str = "replies", **fields: object) -> str:
    samples = [
        question("a", "Mass?", "Yes.", image(png(1)), task="presence:mass", language="en", **fields),
        question("b", "侧?", "左。", image(png(2)), task="side:mass", language="zh", **fields),
    ]
    folder.mkdir(exist_ok=True)
    store = write_store(folder / "asked", samples)
    path = folder / "r.yaml"
    words = RECIPE.replace("STAGE", "align").replace("OBJECTIVE", objective).replace("ENTRY", entry)
    path.write_text(words, encoding="utf-8")
    recipe, document = load_marked_recipe(path)
    try:
        check_mixtures(recipe, {"asked/train": store}, document)
    except RecipeError as error:
        return error.text().replace(f"{folder}/", "")
    return ""


@pytest.mark.parametrize(
    "entry",
    ["{source: asked}", "{source: asked, tasks: [side, zone]}", "{source: asked, tasks: [side], languages: [zh]}"],
)
def test_an_entry_that_selects_a_sample_passes(tmp_path: Path, entry: str) -> None:
    assert complaint(tmp_path, entry) == ""


@pytest.mark.parametrize("rest", ["tasks: [zone]", "languages: [mixed]", "tasks: [side], languages: [en]"])
def test_an_entry_that_selects_nothing_is_named_with_its_stage_and_place(tmp_path: Path, rest: str) -> None:
    assert complaint(tmp_path, f"{{source: asked, {rest}}}") == (
        "r.yaml:9:9: stages.align.mixture.0: selects nothing from the source 'asked': got 0 of 2 samples, expected"
        " tasks among presence, side; languages among en, zh; change what it takes; 'doctorsun data stats' counts all"
    )


@pytest.mark.parametrize(
    ("datasets", "absent", "whole"),
    [("[made, makde]", "1 of the 2", "[made]"), ("{makde: 0.5, made: 2}", "1 of the 2", "{made: 2}")],
)
def test_data_sets_that_the_source_does_not_hold_are_one_complaint(
    tmp_path: Path, datasets: str, absent: str, whole: str
) -> None:
    found = complaint(tmp_path, f"{{source: asked, datasets: {datasets}}}")
    assert found.partition(": ")[2] == (
        f"stages.align.mixture.0.datasets: the source 'asked' lacks {absent} data sets that are named: got 'makde', "
        f"expected 'made'; take what is there: --set 'stages.align.mixture.0.datasets={whole}'"
    )


def test_the_setting_that_a_complaint_of_many_data_sets_writes_works(tmp_path: Path) -> None:
    names = ", ".join(f"set{number}: 0.5" for number in range(35))
    found = complaint(tmp_path, f"{{source: asked, datasets: {{{names}}}}}")
    assert (
        "lacks 35 of the 35 data sets that are named: got 'set0', 'set1', 'set2', 'set3', 'set4' and 30 more" in found
    )
    setting = found.partition("--set '")[2].removesuffix("'")
    assert setting == "stages.align.mixture.0.datasets=[made]"
    recipe, document = load_marked_recipe(tmp_path / "r.yaml", overrides=[setting])
    check_mixtures(recipe, {"asked/train": Store(tmp_path / "asked")}, document)


def test_a_domain_that_the_source_does_not_hold_selects_nothing(tmp_path: Path) -> None:
    found = complaint(tmp_path, "{source: asked, domains: [general]}")
    assert "expected tasks among presence, side; languages among en, zh; domains among medical; change" in found


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ("{language: {zh: 1, en: 2}, domain: {medical: 1}, source: {asked: 1}}", ""),
        ("{language: {zh: 1}}", "r.yaml:10:13: stages.align.ratios: ratios of language: got none for 'en'"),
    ],
)
def test_ratios_are_tried_before_training(tmp_path: Path, ratios: str, expected: str) -> None:
    found = complaint(tmp_path, f"{{source: asked}}\n    ratios: {ratios}")
    assert found.partition(": got")[0].endswith(expected.partition(": got")[0])
    assert bool(found) == bool(expected)


def test_ratios_name_sources_of_the_mixture(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    words = RECIPE.replace("STAGE", "align").replace("OBJECTIVE", "replies").replace("ENTRY", "{source: asked}")
    path.write_text(f"{words}    ratios: {{source: {{askd: 1}}}}\n", encoding="utf-8")
    [(place, error)] = mixtures_by_recipe(load_marked_recipe(path)[0])
    assert place == "stages.align.ratios.source.askd"
    assert error.text() == "unknown source of the mixture: got 'askd', expected 'asked'; did you mean 'asked'?"


def test_labels_need_facts_in_a_store(tmp_path: Path) -> None:
    found = complaint(tmp_path, "{source: asked}", objective="labels")
    assert found.startswith(
        "r.yaml:9:18: stages.align.mixture.0.source: labels are learnt from the facts of images, and this source has"
        " none: got 'asked', expected a source with facts"
    )


def test_labels_take_a_store_with_facts(tmp_path: Path) -> None:
    assert complaint(tmp_path, "{source: asked}", objective="labels", facts="{}") == ""


def test_the_ratios_of_a_publishers_list_are_taken_from_the_store(tmp_path: Path) -> None:
    names = ("halved", "doubled", "never", "untold")
    rows = [
        replace(question(f"{name}{n}", "Mass?", "Yes.", image(png(n))), source=Source(dataset=name))
        for name in names
        for n in range(4)
    ]
    step = {"step": "import", "sample_ratios": {"halved": 0.5, "doubled": 2, "never": 0}}
    with StoreWriter(tmp_path / "asked", name="asked", step=step) as writer:
        for row in rows:
            writer.add([row])
    path = tmp_path / "r.yaml"
    entry = "{source: asked, datasets: published}"
    path.write_text(RECIPE.replace("STAGE", "align").replace("OBJECTIVE", "replies").replace("ENTRY", entry))
    recipe, document = load_marked_recipe(path)
    stores = {"asked/train": Store(tmp_path / "asked")}
    check_mixtures(recipe, stores, document)
    [pool] = plan_stage(recipe, recipe.stages["align"], stores).pools
    assert Counter(pool.column("source.dataset")) == {"halved": 2, "doubled": 8, "untold": 4}


def test_images_that_do_not_match_their_places_stop_before_training(tmp_path: Path) -> None:
    wrong = sample("spare", user("Mass?"), assistant("Yes."), images=[image(png(3))])
    right = question("a", "Mass?", "Yes.", image(png(1)))
    write_store(
        tmp_path / "asked", [right, wrong, replace(wrong, id="tested", source=Source(dataset="made", split="test"))]
    )
    path = tmp_path / "r.yaml"
    words = RECIPE.replace("STAGE", "align").replace("OBJECTIVE", "replies").replace("ENTRY", "{source: asked}")
    path.write_text(words, encoding="utf-8")
    recipe, document = load_marked_recipe(path)
    with pytest.raises(DataError) as raised:
        check_mixtures(recipe, {"asked/train": open_split(tmp_path / "asked", "train")}, document)
    assert str(raised.value) == (
        "the source 'asked': got 1 of 2 samples whose images and image places do not match: spare, expected one place "
        f"for each image, in the questions; make the store {tmp_path / 'asked'} again from mended data"
    )


@pytest.mark.parametrize("stage", ["pretrain", "text-instruct"])
def test_a_stage_of_texts_refuses_images_before_training(tmp_path: Path, stage: str) -> None:
    words = sample("words", user("Mass?"), assistant("Yes."), task="text")
    seen = [question(name, "Mass?", "Yes.", image(png(1)), task="presence") for name in ("a", "b")]
    store = write_store(tmp_path / "asked", [seen[0], words, seen[1]])
    lines = RECIPE.replace("STAGE", stage).replace("OBJECTIVE", "replies")
    path = tmp_path / "r.yaml"
    path.write_text(lines.replace("ENTRY", "{source: asked, tasks: [text]}"), encoding="utf-8")
    check_mixtures(load_marked_recipe(path)[0], {"asked/train": store}, None)
    path.write_text(lines.replace("ENTRY", "{source: asked}"), encoding="utf-8")
    with pytest.raises(DataError) as raised:
        check_mixtures(load_marked_recipe(path)[0], {"asked/train": store}, None)
    assert str(raised.value) == (
        f"stage {stage} takes texts alone: the network has not learnt to see yet: got 2 of 3 samples of the source "
        "'asked' with images: a, b, expected samples without images; choose others by 'tasks' or 'datasets', or take "
        "these in 'align' or 'instruct'"
    )


def test_preferences_need_a_source_with_rejected_replies(tmp_path: Path) -> None:
    found = complaint(tmp_path, "{source: asked}", objective="preference")
    assert found.partition(": ")[2] == (
        "stages.align.mixture.0.source: preferences are learnt from samples with rejected replies, and this source has"
        " none: got 'asked', expected a source such as 'doctorsun data import preference' makes; choose another, or"
        " 'objective: replies'"
    )
    assert complaint(tmp_path / "with", "{source: asked}", objective="preference", rejected=("No.",)) == ""


def test_samples_without_rejected_replies_are_left_out_of_preferences_and_counted(tmp_path: Path) -> None:
    samples = [question(f"{n}", "Mass?", "Yes.", rejected=("No.",) * (n % 3), task="presence") for n in range(7)]
    stores = {"asked/train": write_store(tmp_path / "asked", [*samples, question("8", "?", "No.", task="side")])}
    path = tmp_path / "r.yaml"
    entry = "{source: asked, tasks: [presence]}"
    words = RECIPE.replace("STAGE", "prefer").replace("ENTRY", entry)
    path.write_text(words.replace("OBJECTIVE", "preference"), encoding="utf-8")
    recipe, _ = load_marked_recipe(path)
    assert plan_stage(recipe, recipe.stages["prefer"], stores).pools[0].rows.tolist() == [1, 2, 4, 5]
    assert num_without_pairs(recipe.stages["prefer"], stores) == 3
    path.write_text(words.replace("OBJECTIVE", "replies"), encoding="utf-8")
    recipe, _ = load_marked_recipe(path)
    assert num_without_pairs(recipe.stages["prefer"], stores) == 0
