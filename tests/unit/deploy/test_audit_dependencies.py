"""The audit of locked packages fails where one is vulnerable and where one was not looked at."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "audit_dependencies.py"
LOCK = "Pillow==13.0.0\nruamel_yaml==0.18\n"
SOUND: dict[str, Any] = {"name": "ruamel.yaml", "version": "0.18", "vulns": []}


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit_dependencies", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(**pillow: Any) -> dict[str, Any]:
    return {"dependencies": [SOUND, {"name": "pillow", "version": "13.0.0", "vulns": [], **pillow}]}


def test_sound_packages_are_found_sound_under_any_spelling(audit: Any) -> None:
    assert audit.findings(report(), LOCK) == []


def test_what_was_skipped_is_a_finding(audit: Any) -> None:
    skipped = {"dependencies": [SOUND, {"name": "pillow", "skip_reason": "not found on PyPI"}]}
    assert audit.findings(skipped, LOCK) == ["Pillow 13.0.0: not looked at: not found on PyPI"]


def test_what_is_not_in_the_report_is_a_finding(audit: Any) -> None:
    assert audit.findings({"dependencies": [SOUND]}, LOCK) == ["Pillow 13.0.0: not looked at: it is not in the report"]
    assert len(audit.findings({}, LOCK)) == 2


def test_another_version_is_a_finding(audit: Any) -> None:
    assert audit.findings(report(version="12.9"), LOCK) == ["Pillow 13.0.0: not looked at: the report is about 12.9"]


@pytest.mark.parametrize(("mended", "words"), [(["13.0.1", "14"], "13.0.1, 14"), ([], "no version")])
def test_vulnerabilities_are_named_with_what_mends_them(audit: Any, mended: list[str], words: str) -> None:
    found = audit.findings(report(vulns=[{"id": "CVE-1", "fix_versions": mended}]), LOCK)
    assert found == [f"Pillow 13.0.0: vulnerable: CVE-1, mended in {words}"]
