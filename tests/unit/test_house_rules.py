"""House rules that no linter holds: sizes, names, docstrings, and nothing that is true of one machine only."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "benchmarks", "docs", "examples", "src", "tests")
NOT_TEXT = {".png", ".jpg", ".jpeg", ".webp", ".ico", ".woff2", ".parquet", ".safetensors", ".dcm", ".pyc"}
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 400, 60, 8
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "tools"}
ONE_MACHINE = re.compile(
    r"/wor[k]/|/tm[p]/|/roo[t]/|/hom[e]/\w|[.]librar[y]/|pyp[i][.]org|npmj[s][.]org|debia[n][.]org|files[.]pythonhoste[d]"
)


def files() -> list[Path]:
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    beside = [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in below + beside if not re.search(r"__pycache__|[.]egg-info", str(path))]


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def require_none(offenders: list[str], way_out: str) -> None:
    assert not offenders, f"{way_out}:\n  " + "\n  ".join(offenders)


def test_there_is_something_to_check() -> None:
    assert Path(__file__) in files()
    assert ROOT / "src/doctorsun/errors.py" in modules("src")


def test_files_have_at_most_400_lines() -> None:
    sizes = {path: len(path.read_bytes().splitlines()) for path in modules("src", "tests", "benchmarks")}
    offenders = [f"{place(path)} has {size} lines" for path, size in sizes.items() if size > MAX_FILE_LINES]
    require_none(offenders, "Split these files by what they are about (at most 400 lines)")


def test_functions_have_at_most_60_lines() -> None:
    offenders = [
        f"{place(path, function.lineno)} {function.name} has {size} lines"
        for path in modules("src", "tests", "benchmarks")
        for function in functions(path)
        if (size := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]
    require_none(offenders, "Give the steps of these functions names of their own (at most 60 lines)")


def test_functions_have_at_most_8_parameters() -> None:
    offenders = [
        f"{place(path, function.lineno)} {function.name} has {number} parameters"
        for path in modules("src", "tests", "benchmarks")
        for function in functions(path)
        if (number := num_parameters(function.args)) > MAX_PARAMETERS
    ]
    require_none(offenders, "Gather parameters that belong together in a frozen dataclass (at most 8)")


def num_parameters(arguments: ast.arguments) -> int:
    named = arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    return len(named) + (arguments.vararg is not None) + (arguments.kwarg is not None)


def test_every_module_says_in_its_first_line_what_it_holds() -> None:
    tests = [path for path in modules("tests") if not path.name.startswith(("test_", "conftest"))]
    offenders = [
        place(path)
        for path in [*modules("src", "benchmarks"), *tests]
        if not (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
    ]
    require_none(offenders, "Begin these modules with a one-line docstring that says what they hold")


def test_names_say_something() -> None:
    names = [(path, {path.stem, *path.relative_to(ROOT).parts[:-1]}) for path in modules("src", "tests", "benchmarks")]
    offenders = [
        place(path) for path, parts in names if any(set(part.lower().split("_")) & SAYS_NOTHING for part in parts)
    ]
    require_none(offenders, "Name these modules by what they hold, not as a drawer")


def test_annotations_are_real() -> None:
    offenders = [
        place(path)
        for path in modules("src", "tests", "benchmarks")
        if "from __future__ import " + "annotations" in path.read_text(encoding="utf-8")
    ]
    require_none(offenders, "Quote the few names that are not defined yet, instead of postponing all annotations")


def test_files_of_tests_have_names_of_their_own_and_no_packages() -> None:
    names = Counter(path.name for path in modules("tests"))
    names["conftest.py"] = 1  # pytest keeps these apart by folder
    offenders = [place(path) for path in modules("tests") if names[path.name] > 1 or path.name == "__init__.py"]
    require_none(offenders, "Rename these: pytest imports tests by file name alone, so each name stands once")


def test_our_own_code_is_not_patched() -> None:
    patching = re.compile(r"monkeypatch[.](setattr|setitem|delattr)|mock[.]patch|@patch|(from|import) unittest[.]mock")
    offenders = [place(path, line) for path in modules("tests") for line in matches(path, patching)]
    own_pattern = f"{place(Path(__file__), 0).rsplit(':', 1)[0]}:"
    require_none(
        [offender for offender in offenders if not offender.startswith(own_pattern)],
        "Pass a fake (a public class) as an argument instead of patching",
    )


def matches(path: Path, pattern: re.Pattern[str]) -> list[int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if pattern.search(line)]


def test_nothing_is_true_of_one_machine_only() -> None:
    offenders = [
        place(path, line)
        for path in files()
        if path.suffix.lower() not in NOT_TEXT
        for line in matches(path, ONE_MACHINE)
    ]
    require_none(offenders, "Take paths and addresses from the user or a relative path")


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_every_guide_is_linked_from_the_front_page(readme: str) -> None:
    linked = {name.replace(".zh-CN", "") for name in re.findall(r"docs/([^)#]+)", (ROOT / readme).read_text("utf-8"))}
    annexes = {"curation_thresholds.md"}
    pages = {path.name for path in (ROOT / "docs").glob("*.md") if ".zh-CN" not in path.name}
    assert pages - annexes <= linked


def test_the_lock_holds_plain_versions() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    offenders = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)]
    require_none(offenders, "Write each line of requirements.lock as name==version")
    names = [line.split("==")[0].lower() for line in lines]
    assert names == sorted(set(names)), "sort requirements.lock, one line per name"
    assert "torch==2.13.0" in lines
    assert not {"torchvision", "torchaudio"} & set(names)


@pytest.mark.parametrize(
    ("text", "found"),
    [("cat /wor" + "k/x", True), ("see https://pyp" + "i.org/a", True), ("a/homework/b, tmp_path", False)],
)
def test_the_pattern_of_one_machine(text: str, *, found: bool) -> None:
    assert bool(ONE_MACHINE.search(text)) == found
