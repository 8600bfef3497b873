import json
import shutil
from pathlib import Path

from fake_store import document, write_store

from doctorsun.data.curate.tally import CURATION
from doctorsun.report.card_losses import CuratedSet, read_losses
from doctorsun.report.store import write_card
from doctorsun.schema import Sample, Source
from doctorsun.storage.store import Store, StoreWriter

STEPS = {
    "licences": {"step": "licences", "allowed": ["permissive", "non-commercial"]},
    "against": {"step": "against", "test": "vqa_rad"},
}


def curated(folder: Path, step: str) -> Path:
    with StoreWriter(folder, name="clean", step=STEPS[step]) as writer:
        writer.add([Sample(id="a", messages=document("a", "Words.").messages, source=Source(dataset="book"))])
        for number in range(4):
            writer.drop(f"book/{number}", "too_short", f"{number} tokens")
        writer.drop("book/9", "licence", "unknown")
    sources = {"book": {"read": 6, "dropped": {"licence": 1, "too_short": 4}}}
    (folder / CURATION).write_text(
        json.dumps({"sources": sources, "changed": {"identifiers": 1}, "groups": {"num": 1, "largest": 1}})
    )
    return folder


def test_reasons_come_with_their_shares_and_first_examples(tmp_path: Path) -> None:
    losses = read_losses(Store(curated(tmp_path / "s", "licences")))
    assert [(each.name, each.num, round(each.share, 3)) for each in losses.reasons] == [
        ("too_short", 4, 0.667),
        ("licence", 1, 0.167),
    ]
    assert [item["detail"] for item in losses.reasons[0].examples] == ["0 tokens", "1 tokens", "2 tokens"]


def test_a_curated_store_tells_what_became_of_each_data_set(tmp_path: Path) -> None:
    losses = read_losses(Store(curated(tmp_path / "s", "licences")))
    assert losses.curated == (CuratedSet(name="book", num_read=6, reasons={"too_short": 4, "licence": 1}),)
    assert losses.curated[0].num_kept == 1
    assert (losses.licences, losses.tests) == (("permissive", "non-commercial"), ())
    assert read_losses(Store(curated(tmp_path / "t", "against"))).tests == ("vqa_rad",)


def test_a_store_that_was_not_curated_tells_its_reasons_alone(tmp_path: Path) -> None:
    losses = read_losses(Store(write_store(tmp_path / "s", document("a", "Words."))))
    assert (losses.curated, dict(losses.changed), losses.licences) == ((), {}, None)
    assert [each.name for each in losses.reasons] == ["no_file"]


def test_a_store_from_a_hub_has_reasons_without_examples(tmp_path: Path) -> None:
    folder = curated(tmp_path / "s", "licences")
    shutil.rmtree(folder / "dropped")
    assert [each.examples for each in read_losses(Store(folder)).reasons] == [(), ()]


def test_page_and_markdown_say_what_was_lost(tmp_path: Path) -> None:
    page, markdown = (path.read_text("utf-8") for path in write_card(curated(tmp_path / "s", "licences")))
    for said in (
        "Licences let in: permissive, non-commercial",
        "book/0: 0 tokens",
        "identifiers masked 1",
        "1 (1 samples in the largest)",
    ):
        assert said in page
    assert "| book | 6 | 1 | 16.7% | too short 4; the licence is not allowed 1 |" in markdown
    assert "| 文本过短 | 4 | 66.7% | book/0: 0 tokens |" in markdown
