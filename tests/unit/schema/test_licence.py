from pathlib import Path

import pytest
import yaml

import doctorsun.data.adapters
from doctorsun.schema.licence import CLASSES, hub_licence, licence_class, strictest

PAGES = sorted(Path(doctorsun.data.adapters.__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MIT", "permissive"),
        ("Apache 2.0", "permissive"),
        ("CC0-1.0", "permissive"),
        ("CC BY 4.0", "attribution"),
        ("cc-by-3.0-us", "attribution"),
        ("CC-BY-SA-4.0", "share-alike"),
        ("CC-BY-ND-4.0", "share-alike"),
        ("GPL-3.0-or-later", "share-alike"),
        ("CC-BY-NC-4.0", "non-commercial"),
        ("CC-BY-NC-ND-4.0", "non-commercial"),
        ("PhysioNet Credentialed Health Data License 1.5.0", "agreement"),
        ("NIH Clinical Center terms (attribution)", "attribution"),
        ("the hospital's own terms", "agreement"),
        ("unknown", "unknown"),
        ("", "unknown"),
        ("CC-BY-HONEST", "unknown"),
    ],
)
def test_what_a_licence_allows(name: str, meant: str) -> None:
    assert licence_class(name) == meant


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_licence_of_every_shipped_adapter_has_a_class(page: Path) -> None:
    licence = yaml.safe_load(page.read_text(encoding="utf-8"))["licence"]
    names = list(licence["values"].values()) if isinstance(licence, dict) else [licence]
    assert [name for name in names if name != "unknown" and licence_class(name) == "unknown"] == []


def test_the_strictest_of_several_counts() -> None:
    assert strictest(["MIT", "CC-BY-NC-4.0", "CC-BY-4.0"]) == "non-commercial"
    assert strictest(["MIT", ""]) == "unknown"
    assert strictest([]) is None
    assert CLASSES[0] == "permissive"


def test_the_hub_knows_some_licences_by_its_own_names() -> None:
    assert [hub_licence(name) for name in ("MIT", "CC BY 4.0", "CC0", "some terms")] == [
        "mit",
        "cc-by-4.0",
        "cc0-1.0",
        None,
    ]
