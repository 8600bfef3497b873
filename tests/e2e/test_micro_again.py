"""A finished run of ``micro`` that is run again: after damage, and with other settings."""

import shutil
from pathlib import Path

import pytest
from real_command import Done, doctorsun

from doctorsun.storage.atomic import sha256_file


@pytest.fixture
def run(micro: tuple[Path, Done], tmp_path: Path) -> Path:
    return Path(shutil.copytree(micro[0], tmp_path / "run"))


def test_damage_is_noticed_and_mended(micro: tuple[Path, Done], run: Path) -> None:
    cut = ("weights/model.safetensors", "stores/phantom/test/shards/00000.parquet", "eval/phantom/predictions.parquet")
    for name in cut:
        whole = (run / name).read_bytes()
        (run / name).write_bytes(whole[: len(whole) // 2])
    shutil.rmtree(run / "stores/documents/train")
    (run / "report.html").write_text("<html>")
    done = doctorsun("run", "micro", "--out", run)
    assert done.status == 0, done.errors
    for name in ("weights", "phantom/test", "eval/phantom"):
        assert f"\n{name} is " in done.output
    for name in (*cut, "stores/documents/train/manifest.json"):
        assert sha256_file(run / name) == sha256_file(micro[0] / name)
    assert (run / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert "stage 1/" not in done.output


def test_other_settings_of_the_evaluation_keep_what_was_trained(run: Path) -> None:
    before = sha256_file(run / "weights/model.safetensors"), (run / "weights/model.safetensors").stat().st_mtime_ns
    done = doctorsun("run", "micro", "--out", run, "--set", "evaluation.max_tokens=4", "--set", "description=other")
    assert done.status == 0, done.errors
    assert "eval/phantom is done again: other max_tokens" in done.output
    assert "stage 1/" not in done.output
    after = sha256_file(run / "weights/model.safetensors"), (run / "weights/model.safetensors").stat().st_mtime_ns
    assert after == before


def test_an_unknown_task_stops_before_any_work(tmp_path: Path) -> None:
    done = doctorsun("run", "micro", "--out", tmp_path / "run", "--set", "evaluation.tasks={phantm: {source: phantom}}")
    assert done.status == 2
    assert "evaluation.tasks.phantm: unknown evaluation task: got 'phantm'" in done.errors
    assert "did you mean 'phantom'?" in done.errors
    assert not (tmp_path / "run").exists()
