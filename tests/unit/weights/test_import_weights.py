import json
import os
import shutil
from codecs import BOM_UTF8
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.llama import write_llama3
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.mm_projector import write_mm_projector
from checkpoints.tokenizer_files import write_qwen2_tokenizer
from doctorsun.errors import DataError, WeightsError
from doctorsun.storage.atomic import unfinished_path
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.read_options import read_options

torch.set_num_threads(1)
PATCHES = "vision_model.embeddings.patch_embedding.weight"
SHARD_BYTES = 10_000
VISION_CONFIG = ReadOptions(vision_config=tower_config())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published folders: a Doctor Sun with its tower inside, and parts."""
    folder = tmp_path_factory.mktemp("published")
    write_doctor_sun(folder / "doctor-sun")
    write_tower(folder / "clip", seed=77)
    write_whole_clip(folder / "whole-clip", seed=78)
    write_llama3(folder / "llama")
    write_mm_projector(folder / "projector")
    return folder


def written(folder: Path, name: str) -> torch.Tensor:
    return load_file(folder / "model.safetensors")[name].float()


def test_weights_with_all_parts_need_nothing_else(folders: Path, tmp_path: Path) -> None:
    report = import_weights(folders / "doctor-sun", tmp_path / "out", ImportRequest(read=VISION_CONFIG))
    assert report == json.loads((tmp_path / "out/import.json").read_text())
    assert report["options"] == {"vision_config": tower_config()}
    source = report["sources"]["source"]
    assert source["from"] == str(folders / "doctor-sun")
    assert source["layout"] == "llava_legacy"
    assert source["left_over"] == {}
    assert any("iter_23226_visual_encoder" in each for each in source["strange"])


def test_a_tower_that_is_given_wins_and_the_own_one_is_left_over(folders: Path, tmp_path: Path) -> None:
    tower = write_tower(tmp_path / "tower", seed=79)
    request = ImportRequest(vision=tmp_path / "tower", addresses={"vision": "hf:openai/clip@" + "0" * 40})
    report = import_weights(folders / "doctor-sun", tmp_path / "out", request)
    torch.testing.assert_close(written(tmp_path / "out", f"vision_tower.{PATCHES}"), tower[PATCHES], atol=0, rtol=0)
    left_over = report["sources"]["source"]["left_over"]
    assert left_over.keys() == {"--vision takes its place"}
    assert f"model.vision_tower.vision_tower.{PATCHES}" in left_over["--vision takes its place"]
    assert len(left_over["--vision takes its place"]) == len(tower)
    assert report["sources"]["vision"]["from"] == "hf:openai/clip@" + "0" * 40


def test_every_tensor_of_a_source_is_used_or_named(folders: Path, tmp_path: Path) -> None:
    request = ImportRequest(
        vision=folders / "whole-clip", projector=folders / "doctor-sun", read=ReadOptions(vision_config=tower_config())
    )
    sources = import_weights(folders / "llama", tmp_path / "out", request)["sources"]
    assert sources["source"]["left_over"] == {}
    assert "the text tower of CLIP" in sources["vision"]["left_over"]
    left_over = sources["projector"]["left_over"]["not asked of --projector"]
    assert "model.vision_tower.vision_tower.vision_model.pre_layrnorm.bias" in left_over
    assert "lm_head.weight" in left_over
    assert not any("mm_projector" in name for name in left_over)


def test_what_the_user_says_stands_against_what_the_weights_say(folders: Path, tmp_path: Path) -> None:
    write_qwen2_tokenizer(tmp_path)
    request = ImportRequest(
        vision=folders / "clip",
        projector=folders / "projector",
        tokenizer=tmp_path,
        read=ReadOptions(text_config={"rope_theta": 12345.0}),
        chat="chatml",
        fit="pad",
        dtype="float32",
    )
    report = import_weights(folders / "llama", tmp_path / "out", request)
    said = {"text_config": {"rope_theta": 12345.0}, "chat": "chatml", "fit": "pad", "dtype": "float32"}
    assert report["options"] == said
    assert {name: report[name] for name in ("chat", "fit", "dtype")} == {
        "chat": "chatml",
        "fit": "pad",
        "dtype": "float32",
    }
    assert report["sources"]["tokenizer"] == {"from": str(tmp_path)}
    assert report["added_tokens"] == {"<image>": 303}
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["text_config"]["rope_theta"] == 12345.0
    assert load_file(tmp_path / "out/model.safetensors")[f"vision_tower.{PATCHES}"].dtype == torch.float32


def test_settings_behind_a_byte_order_mark_are_read(folders: Path, tmp_path: Path) -> None:
    marked = Path(shutil.copytree(folders / "doctor-sun", tmp_path / "marked"))
    for path in marked.glob("*.json"):
        path.write_bytes(BOM_UTF8 + path.read_bytes())
    (tmp_path / "tower.json").write_bytes(BOM_UTF8 + json.dumps(tower_config()).encode())
    plain = ImportRequest(read=ReadOptions(vision_config=tower_config()))
    import_weights(folders / "doctor-sun", tmp_path / "plain", plain)
    import_weights(marked, tmp_path / "out", ImportRequest(read=read_options(vision_config=tmp_path / "tower.json")))
    for path in (tmp_path / "plain").iterdir():
        if path.name not in {"import.json", "SHA256SUMS"}:  # which name the folders
            assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()


def test_a_missing_part_stops_before_anything_is_written(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"got no vision tower, .*give --vision FOLDER or --vision hf:openai/clip-vit"
    ):
        import_weights(folders / "llama", tmp_path / "out", ImportRequest(projector=folders / "projector"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got something that is already there"):
        import_weights(folders / "doctor-sun", tmp_path, ImportRequest(read=VISION_CONFIG))


def interrupt(source: Path, out: Path) -> None:
    """Import about half of the bytes."""

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_weights(source, out, ImportRequest(read=VISION_CONFIG), watch=stop, shard_bytes=SHARD_BYTES)
    assert len(list(unfinished_path(out).glob("model-*.safetensors"))) > 2


def resume(source: Path, out: Path) -> int:
    """Import the rest, and return the tensors of it."""
    told: list[int] = []
    request = ImportRequest(read=VISION_CONFIG)
    import_weights(source, out, request, watch=lambda done, _: told.append(done), shard_bytes=SHARD_BYTES)
    return len(told)


def test_an_import_that_was_interrupted_goes_on(folders: Path, tmp_path: Path) -> None:
    interrupt(folders / "doctor-sun", tmp_path / "out")
    num_resumed = resume(folders / "doctor-sun", tmp_path / "out")
    assert 0 < num_resumed < resume(folders / "doctor-sun", tmp_path / "undisturbed")
    assert (tmp_path / "out/SHA256SUMS").read_text() == (tmp_path / "undisturbed/SHA256SUMS").read_text()


def test_sources_that_changed_are_never_mixed(tmp_path: Path) -> None:
    """The same names and shapes, other numbers: nothing of the first import may stay."""
    write_doctor_sun(tmp_path / "published")
    interrupt(tmp_path / "published", tmp_path / "out")
    for path in (tmp_path / "published").glob("*.safetensors"):
        content = bytearray(path.read_bytes())
        content[-2000:] = bytes(2000)
        path.write_bytes(content)
        os.utime(path, ns=(0, 0))
    num_resumed = resume(tmp_path / "published", tmp_path / "out")
    assert num_resumed == resume(tmp_path / "published", tmp_path / "undisturbed")
    assert (tmp_path / "out/SHA256SUMS").read_text() == (tmp_path / "undisturbed/SHA256SUMS").read_text()
