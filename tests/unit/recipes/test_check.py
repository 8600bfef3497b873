"""Checks of recipes against presets, sources, splits and the disk: every complaint with its place."""

from pathlib import Path

import pytest

from doctorsun.config import load_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes.check import check, load_checked, notes
from doctorsun.storage.hub.address import parse_address
from doctorsun.storage.hub.lock import Lock, Pinned
from doctorsun.storage.hub.pull import PullRules
from doctorsun.storage.hub.remote_file import remote_file
from small_model import assistant, sample, write_store

LINES = [
    "name: base",  # 1
    "model: {preset: tiny}",
    "data:",
    "  sources:",
    "    phantom: {reader: phantom, num_images: {train: 100, test: 10}}",  # 5
    "    words: {reader: phantom_text, num_documents: {train: 5, test: 5}}",
    "stages:",
    "  pretrain:",
    "    {trainable: {language: full}, mixture: [{source: words}], steps: 1, batch_samples: 1, lr: 1}",
    "  align:",  # 10
    "    trainable: {projector: full}",
    "    mixture: [{source: phantom}]",
    "    steps: 10",
    "    batch_samples: 8",
    "    lr: 1e-3",  # 15
    "evaluation: {tasks: {phantom: {source: phantom}}}",
    "dialogues: {source: phantom}",
]


def write(folder: Path, changes: dict[int, str]) -> Path:
    path = folder / "r.yaml"
    lines = [changes.get(number, line) for number, line in enumerate(LINES, start=1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def complaints(folder: Path, changes: dict[int, str]) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_checked(write(folder, changes))
    return caught.value.text().replace(f"{folder}/", "").splitlines()


def test_a_right_recipe_passes(tmp_path: Path):
    assert load_checked(write(tmp_path, {})).name == "base"


@pytest.mark.parametrize("name", ["micro", "tiny"])
def test_the_shipped_recipes_pass(name: str):
    assert load_checked(name).name == name


@pytest.mark.parametrize(
    ("seed", "got"),
    [("-1", "-1"), ("4294967296", "4294967296"), ("1" + "0" * 30, "1e+30"), ("9" * 500, f"'{'9' * 79}...")],
)
def test_a_seed_out_of_range_is_refused_with_the_range(seed: str, got: str):
    with pytest.raises(RecipeError) as error:
        load_checked("tiny", [f"seed={seed}"])
    expected = f"seed: wrong value: got {got}, expected a whole number from 0 to 4294967295; correct it there"
    assert error.value.text() == f"--set seed={seed}: {expected}"


def test_the_largest_seed_is_taken():
    assert load_checked("tiny", ["seed=4294967295"]).seed == 4294967295


def test_settings_are_put_in_before_the_check(tmp_path: Path):
    with pytest.raises(RecipeError, match=r"^--set model\.preset=tny: model\.preset: unknown preset: got 'tny'"):
        load_checked(write(tmp_path, {}), ["model.preset=tny"])


@pytest.mark.parametrize(
    ("number", "line", "expected"),
    [
        (
            2,
            "model: {preset: tny}",
            "r.yaml:2:17: model.preset: unknown preset: got 'tny', expected one of micro,",
        ),
        (
            2,
            "model: {init: nowhere}",
            (
                "r.yaml:2:15: model.init: no weights 'nowhere': got No such file or directory, expected files that end"
                " in .bin, .pt, .pth, .safetensors; give the weights: --set init=FOLDER"
            ),
        ),
        (
            6,
            "    v: {reader: vqa_rad}\n    words: {reader: phantom_text, num_documents: {train: 5}}",
            (
                "r.yaml:6:8: data.sources.v: no folder to read from: expected 'root' here or 'data.root';"
                " give the folder of the published files: --set data.root=FOLDER"
            ),
        ),
        (
            6,
            "    v: {reader: vqa_rad, root: ~/x}\n    words: {reader: phantom_text, num_documents: {train: 5}}",
            (
                "r.yaml:6:32: data.sources.v.root: no folder '~/x': got No such file or directory, expected a folder;"
                " give the folder of the published files: --set data.root=FOLDER;"
                " '~' is not opened here, write the whole path"
            ),
        ),
        (
            12,
            "    mixture: [{source: phantm}]",
            (
                "r.yaml:12:24: stages.align.mixture.0.source: unknown source: got 'phantm',"
                " expected one of phantom, words; did you mean 'phantom'?"
            ),
        ),
        (
            5,
            "    phantom: {reader: phantom, num_images: {test: 10}}",
            (
                "r.yaml:12:24: stages.align.mixture.0.source: the source 'phantom' has no split 'train':"
                " got the splits test; add 'train' to data.sources.phantom"
            ),
        ),
        (
            12,
            "    mixture: [{source: words}]",
            (
                "r.yaml:11:16: stages.align.trainable: the parts that learn see no image: got a mixture of text only,"
                " expected a source with images, or the part 'language'; change one of the two"
            ),
        ),
        (
            16,
            "evaluation: {tasks: {phantom: {source: phantom, split: validation}}}",
            (
                "r.yaml:16:40: evaluation.tasks.phantom.source: the source 'phantom' has no split 'validation':"
                " got the splits train, test; add 'validation' to data.sources.phantom"
            ),
        ),
        (
            16,
            "evaluation: {tasks: {phantom: {source: words}}}",
            (
                "r.yaml:16:40: evaluation.tasks.phantom.source: a source of documents asks nothing: got 'words',"
                " expected one with questions; choose another"
            ),
        ),
        (
            16,
            "evaluation: {tasks: {phantm: {source: phantom}}}",
            ("r.yaml:16:22: evaluation.tasks.phantm: unknown evaluation task: got 'phantm', expected one of bbh,"),
        ),
        (
            12,
            "    mixture: [{source: phantom, tasks: [caption, presense]}]",
            (
                "r.yaml:12:50: stages.align.mixture.0.tasks.1: the source 'phantom' gives no questions of this family:"
                " got 'presense', expected one of presence, side, zone, size, count, modality, plane, organ, finding,"
                " box, checklist, caption, report; did you mean 'presence'?"
            ),
        ),
        (
            12,
            "    mixture: [{source: phantom, languages: [zh, mixed]}]",
            (
                "r.yaml:12:49: stages.align.mixture.0.languages.1: the source 'phantom' has no such language:"
                " got 'mixed', expected one of en, zh; choose one of these"
            ),
        ),
        (
            9,
            "    {objective: labels, trainable: {vision: full}, mixture: [{source: words}], steps: 1, batch_samples: 1, lr: 1}",  # noqa: E501
            (
                "r.yaml:9:71: stages.pretrain.mixture.0.source: labels are learnt from the facts of images, and this"
                " source has none: got 'words', expected a source with facts, such as one of the reader phantom;"
                " choose another, or 'objective: replies'"
            ),
        ),
        (17, "dialogues: {source: zzz}", "r.yaml:17:21: dialogues.source: unknown source: got 'zzz', expected one of"),
        (
            13,
            "    steps: 10\n    validation: {source: zzz, every_steps: 5}",
            "r.yaml:14:26: stages.align.validation.source: unknown source: got 'zzz'",
        ),
        (
            13,
            "    steps: 10\n    validation: {source: phantom, every_steps: 5}",
            "r.yaml:14:26: stages.align.validation.source: the source 'phantom' has no split 'validation'",
        ),
        (
            16,
            "evaluation: {every_steps: 5}",
            "r.yaml:16:27: evaluation.every_steps: nothing to ask at intervals: got no task; name a task under",
        ),
    ],
)
def test_each_setting_that_cannot_work_is_named_with_its_place(tmp_path: Path, number: int, line: str, expected: str):
    found = complaints(tmp_path, {number: line})
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_a_folder_without_what_it_must_hold_is_not_complete(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    source = f"    words: {{reader: store, splits: {{train: {tmp_path}/empty}}}}"
    assert complaints(tmp_path, {2: f"model: {{init: {tmp_path}/empty}}", 6: source}) == [
        (
            "r.yaml:2:15: model.init: 'empty' holds no weights: expected files that end in .bin, .pt, .pth,"
            " .safetensors; give the weights: --set init=FOLDER"
        ),
        (
            "r.yaml:6:44: data.sources.words.splits.train: 'empty' is not complete: got none in it, expected a file"
            " manifest.json; build the store first"
        ),
    ]


def test_a_split_that_a_store_does_not_hold_is_named_with_those_it_holds(tmp_path: Path):
    write_store(tmp_path / "made", [sample("a", assistant("A lung."))])
    source = f"    words: {{reader: store, splits: {{train: {tmp_path}/made, test: {tmp_path}/made}}}}"
    assert complaints(tmp_path, {6: source}) == [
        (
            f"r.yaml:6:{source.index('test: ') + 7}: data.sources.words.splits.test: store made holds no sample of the"
            " split 'test': got 1 of 'train', expected samples marked 'test'; name another store, or ask for a split"
            " that it holds"
        )
    ]


def test_a_file_is_no_store_and_a_text_no_weights(tmp_path: Path):
    source = f"    words: {{reader: store, splits: {{train: {tmp_path}/r.yaml}}}}"
    weights, store = complaints(tmp_path, {2: f"model: {{init: {tmp_path}/r.yaml}}", 6: source})
    assert weights.startswith("r.yaml:2:15: model.init: 'r.yaml' holds no weights: expected files that end in .bin")
    assert store.endswith("splits.train: no folder 'r.yaml': got a file, expected a folder; build the store first")


def test_the_shared_root_serves_a_source_without_its_own(tmp_path: Path):
    changes = {3: f"data:\n  root: {tmp_path}", 6: "    v: {reader: vqa_rad}\n" + LINES[5]}
    assert load_checked(write(tmp_path, changes)).data.root == str(tmp_path)
    changes[3] = "data:\n  root: nowhere"
    assert complaints(tmp_path, changes)[0].startswith("r.yaml:4:9: data.root: no folder 'nowhere'")


def test_without_the_document_the_key_alone_names_the_place(tmp_path: Path):
    recipe = load_recipe(write(tmp_path, {2: "model: {preset: tny}"}))
    with pytest.raises(RecipeError, match=r"^model\.preset: unknown preset: got 'tny'"):
        check(recipe)


def test_a_task_whose_source_was_never_trained_on_is_noted(tmp_path: Path):
    held_out = "    held: {reader: phantom, num_images: {test: 10}}\n"
    tasks = "evaluation: {tasks: {phantom: {source: phantom}, vqa_rad: {source: held}}"
    changes = {6: held_out + LINES[5], 16: tasks + "}"}
    assert notes(load_checked(write(tmp_path, changes))) == [
        "task vqa_rad: no control 'prior', because the source 'held' has no split 'train' to learn it from"
    ]
    changes[16] = tasks + ", controls: [blank]}"
    assert notes(load_checked(write(tmp_path, changes))) == []


def test_the_example_of_parts_is_a_recipe():
    example = Path(__file__).parents[3] / "examples/start_from_parts.yaml"
    check(load_recipe(example), rules=PullRules())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "model: {preset: tiny, vision: hf:o/n, language: hf:o/n}",
            "r.yaml:2:31: model.vision: 'vision' beside 'preset', which makes new parts: expected one way to start",
        ),
        (
            "model: {init: hf:o/n, projector: hf:o/n}",
            (
                "r.yaml:2:34: model.projector: 'projector' beside 'init', which brings all parts: expected one way to"
                " start; remove one of the two, or join them once: doctorsun weights import hf:o/n OUT --projector"
            ),
        ),
        (
            "model: {vision: hf:o/n}",
            "r.yaml:2:8: model: no 'language' to start from: got vision alone, expected 'vision' and 'language'",
        ),
        (
            "model: {projector: hf:o/n}",
            "r.yaml:2:8: model: no 'vision' to start from: got projector alone, expected 'vision' and 'language'; name",
        ),
        (
            "model: {preset: tiny, chat: llama3}",
            "r.yaml:2:29: model.chat: 'chat' beside 'preset', which has its own: expected one way to start; remove it",
        ),
        (
            "model: {init: hf:o/n, chat: lama3}",
            "r.yaml:2:29: model.chat: unknown chat template: got 'lama3', expected one of",
        ),
        (
            "model: {init: hf:o/n, vision_config: none.json}",
            "r.yaml:2:38: model.vision_config: no file 'none.json': expected a JSON file; name a config.json with the",
        ),
        (
            "model: {vision: nowhere, language: hf:o/n}",
            "r.yaml:2:17: model.vision: no weights 'nowhere': got No such file or directory, expected files that end",
        ),
        (
            "model: {init: hf:name}",
            "r.yaml:2:15: model.init: hf:name: got no address of a hub, expected hf:owner/name@revision or ms:owner",
        ),
        (
            "model: {init: s3://k:secret@b/x}",
            "r.yaml:2:15: model.init: an address s3://: got keys in it, expected s3://bucket/path; give them in AWS",
        ),
    ],
)
def test_ways_to_start_that_cannot_be_are_named_with_their_place(tmp_path: Path, line: str, expected: str):
    with pytest.raises(RecipeError) as caught:
        load_checked(write(tmp_path, {2: line}), rules=PullRules())
    found = caught.value.text().replace(f"{tmp_path}/", "").splitlines()
    assert found[0].startswith(expected)
    assert "secret" not in caught.value.text()


ADDRESSED = {
    2: "model: {vision: hf:o/n, language: ms:o/n@v1}",
    6: "    words: {reader: store, splits: {train: s3://bucket/words}}",
}


def test_addresses_are_not_asked_by_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load_checked(write(tmp_path, ADDRESSED), rules=PullRules()).model.parts == {
        "vision": "hf:o/n",
        "language": "ms:o/n@v1",
    }


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            PullRules(locked=True),
            "got an address that floats and that the lock does not name; run once without --locked",
        ),
        (PullRules(offline=True), "offline, and its commit is not known: got no entry of it in models.lock; run once"),
    ],
)
def test_addresses_that_the_lock_does_not_name_are_refused_with_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: PullRules, told: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError) as caught:
        load_checked(write(tmp_path, ADDRESSED), rules=rules)
    found = caught.value.text().replace(f"{tmp_path}/", "").splitlines()
    assert [line.split(" ")[0] for line in found] == ["r.yaml:2:17:", "r.yaml:2:35:", "r.yaml:6:44:"]
    assert all(told in line for line in found)


def test_what_is_pinned_and_not_here_is_told_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    file = remote_file("model.safetensors", 2**30, sha256="a" * 64)
    address = parse_address("hf:o/n")
    assert address is not None
    Lock().add(address, "model", Pinned(revision="b" * 40, files=(file,)))
    recipe = write(tmp_path, {2: "model: {init: hf:o/n}"})
    assert load_checked(recipe, rules=PullRules(locked=True)).model.init == "hf:o/n"
    with pytest.raises(
        RecipeError, match=r"model.init: hf:o/n: offline: got model.safetensors \(1.07 GB\) not on this"
    ):
        load_checked(recipe, rules=PullRules(locked=True, offline=True))


@pytest.mark.parametrize("address", ["s3://hospital/x", "oss://hospital/x"])
def test_weights_do_not_come_from_object_storage(tmp_path: Path, address: str):
    expected = (
        rf"r\.yaml:2:15: model\.init: {address}: got an address of object storage, expected hf:owner/name@revision"
    )
    with pytest.raises(RecipeError, match=expected):
        load_checked(write(tmp_path, {2: f"model: {{init: {address}}}"}))
