"""The command line as a whole: start, language, version, errors and exit statuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from doctorsun import __version__
from doctorsun.cli.main import app
from doctorsun.cli.session import Session, language_of
from doctorsun.cli.words import say_error
from doctorsun.config import STAGE_ORDER
from doctorsun.errors import DataError

HEAVY = ("torch", "transformers", "pyarrow", "matplotlib", "fastapi", "jieba", "pydantic", "numpy")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, obj=Session("en"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "doctorsun", *arguments]
    environ = os.environ | {"LC_ALL": "en_GB.UTF-8", "PYTHONUTF8": "1"}
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=environ)


@pytest.mark.parametrize(
    "code",
    [
        "import doctorsun",
        (
            "import sys; sys.argv = ['doctorsun', '--help']\n"
            "from doctorsun.cli.main import main\n"
            "try: main()\n"
            "except SystemExit as leaving: assert leaving.code == 0"
        ),
    ],
    ids=["import", "help"],
)
def test_starting_imports_nothing_heavy(code: str):
    check = f"{code}\nimport sys; print(*({set(HEAVY)} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


def test_the_version_is_printed():
    assert invoke("--version").output == f"doctorsun {__version__}\n"


def test_a_wrong_recipe_leaves_with_2_and_its_text_on_standard_error():
    done = run("check", "tny")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no recipe 'tny': expected a YAML file or one of ")
    assert done.stderr.endswith("did you mean 'tiny'?\n")


def test_damaged_data_leaves_with_4_in_the_language_that_was_asked_for(tmp_path: Path):
    done = run("--lang", "zh", "data", "stats", str(tmp_path))
    assert done.returncode == 4
    assert done.stderr.startswith(f"错误：{tmp_path}")


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (("data", "leak", "{store}", "--against", "slake_en={long}"), "{long}/manifest.json"),
        (("data", "import", "questions", "{long}", "--out", "{store}/new"), "{long}"),
    ],
    ids=["leak", "import"],
)
def test_what_the_system_says_of_a_file_is_told_without_a_traceback(
    tmp_path: Path, command: tuple[str, ...], named: str
):
    names = {"store": str(tmp_path), "long": "a" * 300}
    done = run("--lang", "zh", *(word.format(**names) for word in command))
    do = "请检查路径及其权限，并确认没有程序同时移动它"
    assert done.stderr == f"错误：{named.format(**names)} 无法使用：实际为 文件名过长；建议：{do}\n"
    assert done.returncode == 4


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (DataError("a", got="b", expected="c", do="d"), "a: got b, expected c; d", "a：实际为 b，应为 c；建议：d"),
        (DataError("a", expected="c"), "a: expected c", "a：应为 c"),
        (DataError("a", do="d"), "a; d", "a；建议：d"),
    ],
)
def test_the_frame_of_an_error_is_in_the_language(error: DataError, english: str, chinese: str):
    assert say_error(error, "en") == f"error: {english}"
    assert say_error(error, "zh") == f"错误：{chinese}"


def test_the_help_says_which_words_stay_english():
    assert "Help, progress and the details of an error are in English." in " ".join(invoke("--help").output.split())


def test_the_help_of_train_names_every_stage():
    *first, last = STAGE_ORDER
    assert f"The stage: {', '.join(first)} or {last}." in " ".join(invoke("train", "--help").output.split())


def test_a_plan_shows_what_its_help_promises():
    promised = invoke("plan", "--help").output
    words = ("Parameters", "frozen", "steps", "samples", "tokens", "packs", "operations", "time", "memory", "disk")
    assert all(word in promised for word in words)
    *rows, disk = json.loads(invoke("plan", "micro", "--json").stdout)
    assert [row["stage"] for row in rows] == ["vision-pretrain", "pretrain", "align", "deep-align", "instruct"]
    assert set(rows[0]) >= {"parts", "steps", "samples", "tokens", "packs_per_step", "flops", "hours", "checkpoint_gib"}
    assert set(rows[0]["memory"]) >= {"weights_gib", "gradients_gib", "optimizer_gib", "activations_gib", "peak_gib"}
    assert set(disk) == {"weights_gib", "checkpoints_gib", "disk_gib", "free_disk_gib", "fits_disk"}
    align = rows[2]
    assert 0 < align["memory"]["gradients_gib"] < 0.0005  # small, and not nothing
    assert 0 < align["checkpoint_gib"] < 0.0005


def test_a_plan_is_told_in_chinese_and_notes_what_does_not_fit():
    done = invoke("--lang", "zh", "plan", "micro", "--gpus", "2", "--gpu-memory", "0.01", "--tflops", "1")
    assert done.exit_code == 0
    assert "阶段 instruct 每个设备需要" in done.stderr
    assert "可改用：--set stages.align.pack_tokens=4096, --set stages.align.recompute=true\n" in done.stderr
    assert "峰值 GiB" in done.stdout
    assert "冻结" in done.stdout
    assert "--tflops" not in done.stderr


def test_a_plan_for_other_machines_says_what_tells_the_hours():
    assert "note: hours are told with --tflops PEAK" in invoke("plan", "micro", "--gpus", "2").stderr


def test_wrong_options_leave_with_2():
    done = invoke("check", "tiny", "--sett", "a=1")
    assert done.exit_code == 2
    assert "No such option: --sett" in done.output


def test_a_language_behind_the_command_is_told_where_it_stands():
    hint = "--lang stands before the command: doctorsun --lang zh report OUT\n"
    for words in (("--lang", "zh"), ("--lang=zh",)):
        done = run("report", "out", *words)
        assert done.returncode == 2
        assert done.stderr.endswith(hint)
    assert hint not in run("--lang", "en", "report", "out", "--sett").stderr


@pytest.mark.parametrize("words", [("check", "micro", "--json"), ("score", "nothing.csv")])
def test_a_reader_that_has_seen_enough_changes_no_exit_status(words: tuple[str, ...]):
    done = run(*words)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "doctorsun", *words]
    cut = subprocess.run(command, stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert cut.returncode == done.returncode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_output_that_finds_no_room_is_told_without_a_traceback():
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "doctorsun", "tasks"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        3,
        "error: what this command writes: got a full disk, expected room for it; free space, or write elsewhere\n",
    )


def test_ctrl_c_leaves_with_5_and_says_how_to_go_on():
    code = (
        "import os, signal, typer\n"
        "from doctorsun.cli import main\n"
        "@main.app.command()\n"
        "def stop(): os.kill(os.getpid(), signal.SIGINT); signal.pause()\n"
        "import sys; sys.argv = ['doctorsun', '--lang', 'en', 'stop']\n"
        "main.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr.strip() == "interrupted; run the same command again to go on"


def test_a_right_recipe_is_summed_up():
    assert invoke("check", "micro").output == (
        "micro: ok\n"
        "stages (steps): vision-pretrain (4), pretrain (4), align (4), deep-align (4), instruct (8)\n"
        "sources: documents, phantom, shapes\n"
    )


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_control_that_will_be_missing_is_noted_beside_the_result(tmp_path: Path, command: str):
    recipe = tmp_path / "r.yaml"
    words = "words: {reader: phantom_text, num_documents: {train: 2}}"
    source = f"data: {{sources: {{held: {{reader: phantom, num_images: {{test: 2}}}}, {words}}}}}"
    task = "evaluation: {tasks: {phantom: {source: held}}}"
    stage = "{trainable: {language: full}, mixture: [{source: words}], steps: 1, batch_samples: 1, lr: 1}"
    recipe.write_text(f"name: base\nmodel: {{preset: micro}}\n{source}\nstages: {{pretrain: {stage}}}\n{task}\n")
    done = invoke(command, str(recipe), "--json")
    assert done.exit_code == 0
    assert done.stderr.startswith("note: task phantom: no control 'prior', because the source 'held' has no split")
    json.loads(done.stdout)


def test_a_right_recipe_is_printed_with_every_setting():
    recipe = json.loads(invoke("check", "micro", "--set", "seed=5", "--json").output)
    assert (recipe["name"], recipe["seed"], recipe["stages"]["align"]["schedule"]) == ("micro", 5, "cosine")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("eval", "w", "--task", "phantom", "--out", "o"), "'phantom' is not NAME=DIR, such as phantom=runs/tiny/"),
        (("eval", "w", "--task", "injection=", "--out", "o"), "'injection=' is not NAME=DIR"),
        (
            ("eval", "w", "--task", "phantom=a", "--task", "phantom=b", "--out", "o"),
            "task 'phantom' has two folders, a and b; ask each of them with an --out of its own",
        ),
        (("chat", "w", "--json"), "--json needs --prompt"),
    ],
)
def test_wrong_arguments_leave_with_2(arguments: tuple[str, ...], text: str):
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert text in done.output


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
    ],
)
def test_the_locale_gives_the_language(environ: dict[str, str], language: str):
    assert language_of(environ) == language
