"""Commands that bring published data into stores: what they print, and what the store keeps of them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.data.missing import MISSING_IMAGES
from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.store import Store, store_steps
from small_model import png


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, obj=Session("en"), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    turns = [{"from": "human", "value": "<image>\n这是什么?"}, {"from": "gpt", "value": "胸片。"}]
    path = tmp_path / "data.json"
    path.write_text(json.dumps([{"image": "gone.jpg", "conversations": turns}]))
    return path


def test_an_import_tells_how_many_images_are_missing(annotations: Path, tmp_path: Path):
    told = json.loads(output("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--json"))

    assert (told["samples"], told["zh"], told["dropped"], told["missing images"]) == (1, 1, 0, 1)
    assert "gone.jpg" in (tmp_path / "store" / MISSING_IMAGES).read_text()


def test_equal_stores_are_equal_whatever_their_folders_are_called(annotations: Path, tmp_path: Path):
    listed = tmp_path / "all.yaml"
    listed.write_text(f"name: all-sets\nsources:\n  one: {{format: llava, path: {annotations}}}\n", encoding="utf-8")
    for folder in ("one", "two"):
        output("data", "import", "llava", str(annotations), "--out", str(tmp_path / folder), "--set", "dataset=own")
        output("data", "collect", str(listed), "--out", str(tmp_path / f"{folder}s"))
    stores = {name: Store(tmp_path / name) for name in ("one", "two", "ones", "twos")}
    assert stores["one"].sha256 == stores["two"].sha256
    assert stores["ones"].sha256 == stores["twos"].sha256
    assert [stores[name].manifest.name for name in ("one", "ones")] == ["own", "all-sets"]


def test_the_sampling_ratios_of_a_list_stand_in_the_store(annotations: Path, tmp_path: Path):
    listed = tmp_path / "list.json"
    listed.write_text('{"A": {"annotations": "data.json", "sample_ratio": 0.05},}')
    output("data", "import", "gmai", str(listed), "--out", str(tmp_path / "listed"))
    output("data", "import", "gmai", str(annotations), "--out", str(tmp_path / "plain"))

    (step,) = store_steps(tmp_path / "listed")
    assert step["sample_ratios"] == {"gmai_vl_5_5m/A": 0.05}
    assert "sample_ratios" not in store_steps(tmp_path / "plain")[0]


def test_the_list_of_adapters_names_the_licences_of_each():
    rows = {row["adapter"]: row for row in json.loads(output("data", "adapter", "list", "--json"))}

    assert rows["pannuke"]["licence"] == "CC-BY-NC-SA-4.0"
    assert rows["isic_archive"]["licence"] == "CC0-1.0 or CC-BY-4.0 or CC-BY-NC-4.0"


def test_a_complete_store_and_an_empty_source_are_told(annotations: Path, tmp_path: Path):
    command = ("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--json")
    assert "note" not in json.loads(output(*command))
    assert (
        json.loads(output(*command))["note"]
        == "was complete already, from the same inputs; remove it to read its sources again"
    )
    annotations.write_text("[]")
    told = json.loads(output("data", "import", "llava", str(annotations), "--out", str(tmp_path / "none"), "--json"))
    assert (told["samples"], told["note"]) == (0, "the source gave no sample")


def test_settings_and_remapped_paths_reach_the_samples(annotations: Path, tmp_path: Path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.jpg").write_bytes(png(1))
    annotations.write_text(annotations.read_text().replace("gone.jpg", "/their/disk/a.jpg"))
    out = tmp_path / "store"
    remapped = ("--images", str(tmp_path), "--remap", "/their/disk/=kept/")
    told = json.loads(
        output(
            "data", "import", "llava", str(annotations), "--out", str(out), *remapped, "--set", "licence=MIT", "--json"
        )
    )
    assert told["missing images"] == 0
    assert Store(out).column("source.licence") == ["MIT"]


def test_a_store_of_files_that_changed_since_is_not_taken_for_one_of_the_new_files(annotations: Path, tmp_path: Path):
    command = ("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--json")
    output(*command)
    annotations.write_text(annotations.read_text().replace("\\u80f8", "\\u8179"))
    with pytest.raises(DataError, match=r"was made from other inputs: .*; choose another --out, or remove the folder"):
        output(*command)


@pytest.mark.parametrize("remap", ["no-equals", "=new"])
def test_a_remap_without_two_sides_is_refused(annotations: Path, tmp_path: Path, remap: str):
    command = ("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--remap", remap)
    with pytest.raises(RecipeError, match=rf"--remap: got '{remap}', expected OLD=NEW; write the old beginning"):
        output(*command)


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("licens=MIT", "did you mean 'licence'?"),
        ("image=x", "choose one of these"),
        ("images=x", "the command takes it without --set"),
        ("path=x", "the command takes it without --set"),
    ],
)
def test_only_what_can_be_set_is_offered(annotations: Path, tmp_path: Path, setting: str, advice: str):
    key = setting.partition("=")[0]
    with pytest.raises(RecipeError) as error:
        output("data", "import", "llava", str(annotations), "--out", str(tmp_path / "store"), "--set", setting)
    settable = "dataset, licence, split, language, domain, columns"
    assert str(error.value) == f"--set {setting}: {key}: unknown key: got '{key}', expected one of {settable}; {advice}"


@pytest.mark.usefixtures("annotations")
def test_a_drafted_adapter_converts_once_it_is_filled_in_and_joins_a_collection(tmp_path: Path):
    for label in ("melanoma", "nevus"):
        for number in range(2):
            path = tmp_path / "set" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(number))
    page = tmp_path / "own.yaml"
    output("data", "adapter", "new", str(tmp_path / "set"), "--out", str(page))
    with pytest.raises(RecipeError, match="a file that is there"):
        output("data", "adapter", "new", str(tmp_path / "set"), "--out", str(page))
    with pytest.raises(RecipeError, match="FILL_IN"):
        output("data", "convert", str(page), "--root", str(tmp_path / "set"), "--out", str(tmp_path / "no"))

    words = {"url": "https://example.org", "licence": "CC0-1.0", "modality": "dermoscopy", "anatomy": "skin"}
    words["department"] = "dermatology"
    text = page.read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace(f"{key}: FILL_IN", f"{key}: {value}")
    page.write_text(text, encoding="utf-8")
    collection = tmp_path / "both.yaml"
    collection.write_text(
        f"name: both\nsources:\n  a: {{adapter: {page}, root: set}}\n  b: {{format: llava, path: data.json}}\n"
    )
    told = json.loads(
        output("data", "collect", str(collection), "--root", str(tmp_path), "--out", str(tmp_path / "both"), "--json")
    )

    assert (told["read"], told["kept"], told["missing images"]) == (5, 5, 1)
    assert set(Store(tmp_path / "both").column("source.dataset")) == {"set", "llava"}
    assert {"presence:melanoma", "class:skin_diagnosis"} <= set(Store(tmp_path / "both").column("task"))


def test_every_format_is_listed_with_a_line_about_it():
    rows = json.loads(output("data", "formats", "--json"))
    assert {"llava", "chimed", "prose", "medquad"} <= {row["format"] for row in rows}
    assert all(row["what"] for row in rows)
