import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from doctorsun.errors import DataError, RecipeError, RequestError, WeightsError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import read_scores
from doctorsun.recipes.evaluate_weights import evaluate_weights
from doctorsun.recipes.evaluation_extras import Extras
from doctorsun.recipes.record import only_one
from doctorsun.schema import Answer, ImageControl
from doctorsun.storage.store import Store
from small_model import assistant, image, png, question, sample, save_small, write_store

YES = Answer(kind="closed", gold=("yes",))


def store_of(folder: Path, *numbers: int) -> Store:
    """Write a store of one question about each number's image, and a text that asks nothing."""
    asked = [
        question(f"sample-{n}", "Is there a nodule?", "Yes.", image(png(n)), answer=YES, task="presence:nodule")
        for n in numbers
    ]
    return write_store(folder, [*asked, sample("text", assistant("A text."))])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("evaluate_weights") / "store", 0, 1, 2).folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which only the weights are left."""
    run = tmp_path_factory.mktemp("evaluate_weights") / "run"
    run.mkdir()
    save_small(run / "weights")
    return run


def evaluate(
    weights: Path, tasks: dict[str, Path], out: Path, *controls: ImageControl
) -> tuple[list[Path], list[tuple[str, str, int, int]]]:
    """Return the files of scores, and the progress that was told."""
    told: list[tuple[str, str, int, int]] = []
    files = evaluate_weights(
        weights,
        tasks,
        out=out,
        controls=controls or ["real"],
        on_progress=lambda *done: told.append(done),
        tell=[].append,
    )
    return files, told


def test_each_task_gets_a_folder_and_controls_of_the_same_weights_stand_side_by_side(
    store: Path, run: Path, tmp_path: Path
) -> None:
    files, told = evaluate(run, {"phantom": store, "vqa_rad": store}, tmp_path)
    assert files == [tmp_path / "phantom/scores.json", tmp_path / "vqa_rad/scores.json"]
    assert told[-1] == ("vqa_rad", "real", 3, 3)
    assert {row.protocol for row in read_scores(files[0])} == {"polarity@2", "closed_loglik@1"}
    evaluate(run, {"phantom": store}, tmp_path, "blank")
    rows = read_predictions(tmp_path / "phantom/predictions.parquet")
    assert {(each.model, each.image_control) for each in rows} == {("run", "real"), ("run", "blank")}


def test_several_controls_are_asked_in_one_go_where_questions_show_an_image(run: Path, tmp_path: Path) -> None:
    texts = write_store(tmp_path / "texts", [question("text", "Is fever a sign?", "Yes.", answer=YES)])
    tasks = {"phantom": store_of(tmp_path / "images", 0).folder, "own": texts.folder}
    evaluate(run, tasks, tmp_path / "out", "real", "blank", "none")
    shown = {
        name: [row.image_control for row in read_predictions(tmp_path / "out" / name / "predictions.parquet")]
        for name in tasks
    }
    assert shown == {"phantom": ["real", "blank", "none"], "own": ["real"]}


def test_what_controls_cannot_ask_is_told(run: Path, tmp_path: Path) -> None:
    texts = write_store(tmp_path / "texts", [question("text", "Is fever a sign?", "Yes.", answer=YES)])
    tasks = {"phantom": store_of(tmp_path / "images", 0, 1).folder, "own": texts.folder}
    told: list[str] = []
    files = evaluate_weights(
        run, tasks, out=tmp_path / "out", controls=["shuffled"], on_progress=lambda *_: None, tell=told.append
    )
    reason = "control shuffled of sample sample-0: got no other patient with 1 image(s) of modality ''"
    assert told[1:] == [
        f"phantom: 2 of 2 questions have no answer under shuffled and are left out of its scores (the first: {reason})",
        "own: no question shows an image; they are asked as they are, not under shuffled",
    ]
    assert [{row.control for row in read_scores(file)} for file in files] == [set(), {"real"}]


@pytest.mark.parametrize("kept", ["predictions.parquet", "parts"], ids=["done", "interrupted"])
def test_answers_of_other_weights_are_not_replaced(store: Path, run: Path, tmp_path: Path, kept: str) -> None:
    out = tmp_path / "out"
    evaluate(run, {"phantom": store}, out)
    (out / "phantom").rename(tmp_path / "first")
    (out / "phantom").mkdir()
    (tmp_path / "first" / kept).rename(out / "phantom" / kept)
    others = copytree(run / "weights", tmp_path / "others")
    message = (
        r"out/phantom holds answers of other weights: got run \(revision \w{16}; greedy, 48 tokens\), "
        r"expected others \(revision \w{16}; greedy, 48 tokens\); name another folder with --out"
    )
    with pytest.raises(RecipeError, match=message):
        evaluate(others, {"phantom": store}, out)


def test_answers_to_the_questions_of_another_store_are_not_replaced(store: Path, run: Path, tmp_path: Path) -> None:
    evaluate(run, {"phantom": store}, tmp_path / "out")
    fewer = store_of(tmp_path / "fewer", 0).folder
    message = "out/phantom holds answers to other questions: got 2 that the store does not ask, expected answers to its"
    with pytest.raises(RecipeError, match=message):
        evaluate(run, {"phantom": fewer}, tmp_path / "out")
    assert len(read_predictions(tmp_path / "out/phantom/predictions.parquet")) == 3


def test_the_evaluation_of_a_run_is_not_replaced(store: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RecipeError, match="eval: got the evaluation of a run, expected a folder outside of it; name"):
        evaluate(run, {"phantom": store}, tmp_path / "eval")
    evaluate(run, {"phantom": store}, tmp_path / "scores")


def test_the_folders_of_all_tasks_are_tried_before_the_first_question(store: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "vqa_rad").write_text("a file")
    with pytest.raises(RecipeError, match=r"cannot write to .*vqa_rad: got .*File exists.*; name another folder with"):
        evaluate(run, {"phantom": store, "vqa_rad": store}, tmp_path)
    assert not (tmp_path / "phantom/parts").exists()


def test_a_folder_takes_one_evaluation_at_a_time(store: Path, run: Path, tmp_path: Path) -> None:
    with only_one(tmp_path / "phantom"), pytest.raises(RecipeError, match="phantom is in use"):
        evaluate(run, {"phantom": store}, tmp_path)


def test_a_store_without_questions_is_told(run: Path, tmp_path: Path) -> None:
    folder = store_of(tmp_path / "texts").folder
    message = "texts: got 1 samples, none of which can be scored, expected questions with their answers; name the store"
    with pytest.raises(DataError, match=message):
        evaluate(run, {"phantom": folder}, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_a_folder_without_weights_and_an_unknown_task_are_told(store: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="got no weights, expected a finished run, or a folder of weights"):
        evaluate(tmp_path, {"phantom": store}, tmp_path / "out")
    with pytest.raises(RecipeError, match=r"task: got 'chest', expected one of .*, vqa_rad.*; choose one"):
        evaluate(run, {"chest": store}, tmp_path / "out")


def test_samples_without_their_images_are_not_asked_and_their_number_is_told(run: Path, tmp_path: Path) -> None:
    whole = store_of(tmp_path / "whole", 0, 1)
    lost = replace(whole[1], images=(replace(whole[1].images[0], bytes=None),))
    store = write_store(tmp_path / "store", [whole[0], lost]).folder
    told: list[str] = []
    evaluate_weights(
        run, {"phantom": store}, out=tmp_path / "out", controls=["real"], on_progress=lambda *_: None, tell=told.append
    )
    assert told[0] == "phantom: 1 samples without their images left out"
    assert [each.id for each in read_predictions(tmp_path / "out/phantom/predictions.parquet")] == ["sample-0"]


def test_a_page_is_asked_by_its_own_name_and_twice_is_refused(store: Path, run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    page.write_text("name: mine\ntitle: Mine\nlanguages: [en]\nlicence: CC0-1.0\ncitation: Nobody.\n", encoding="utf-8")
    files, _ = evaluate(run, {str(page): store}, tmp_path / "out")
    assert files == [tmp_path / "out/mine/scores.json"]
    again = tmp_path / "again.yaml"
    again.write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(RecipeError, match="tasks mine, mine: got two of one name, expected each name once"):
        evaluate(run, {str(page): store, str(again): store}, tmp_path / "out")


def test_questions_of_the_training_data_are_slices_of_the_scores(store: Path, run: Path, tmp_path: Path) -> None:
    training = store_of(tmp_path / "training", 1)
    files = evaluate_weights(
        run,
        {"phantom": store},
        out=tmp_path / "out",
        controls=["real"],
        on_progress=lambda *_: None,
        tell=[].append,
        extras=Extras(training=(training.folder,), cache=tmp_path / "cache"),
    )
    sizes = {row.slice: row.n for row in read_scores(files[0]) if row.metric == "accuracy"}
    assert (sizes["image_leakage=exact"], sizes["image_leakage=clean"], sizes["question_leakage=exact"]) == (1, 2, 3)
    assert (tmp_path / "out/phantom/leakage.json").exists()
    assert {row.control for row in read_scores(files[0])} == {"real", "prior"}


def test_a_calibration_that_cannot_be_made_is_told_once_all_is_scored(store: Path, run: Path, tmp_path: Path) -> None:
    extras = Extras(is_calibrated=True, cache=tmp_path)
    told: list[str] = []
    evaluate_weights(
        run,
        {"phantom": store},
        out=tmp_path / "out",
        controls=["real"],
        on_progress=lambda *_: None,
        tell=told.append,
        extras=extras,
    )
    assert re.search(r"no calibration of .*: closed: \d images in a half, at least 10 are needed", told[-1])
    assert (tmp_path / "out/phantom/scores.json").exists()


def test_a_page_may_ask_for_longer_answers(store: Path, run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.yaml"
    words = "name: mine\ntitle: Mine\nlanguages: [en]\nlicence: CC0-1.0\ncitation: Nobody.\nmax_tokens: 7\n"
    page.write_text(words, encoding="utf-8")
    evaluate(run, {str(page): store, "phantom": store}, tmp_path / "out")
    told = {
        task: {row.decoding for row in read_predictions(tmp_path / f"out/{task}/predictions.parquet")}
        for task in ("mine", "phantom")
    }
    assert told == {"mine": {"greedy, 7 tokens"}, "phantom": {"greedy, 48 tokens"}}


def test_weights_of_other_families_are_sent_to_a_server(store: Path, run: Path, tmp_path: Path) -> None:
    other = copytree(run / "weights", tmp_path / "qwen")
    (other / "config.json").write_text('{"model_type": "qwen3_vl"}')
    message = r"weights .*qwen: got model_type 'qwen3_vl', expected 'llava'; serve them, .*vllm serve .*--endpoint URL"
    with pytest.raises(WeightsError, match=message):
        evaluate(other, {"phantom": store}, tmp_path / "out")
