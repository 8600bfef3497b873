"""Writing the card of a store: one page of HTML, and Markdown for the Hugging Face hub."""

from collections.abc import Mapping
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.report.card import make_card
from doctorsun.report.card_markdown import render_markdown
from doctorsun.report.card_page import render_card
from doctorsun.report.strings import Language
from doctorsun.storage.atomic import write_text
from doctorsun.storage.hub.kinds import STORE
from doctorsun.storage.hub.push import Parcel, pack
from doctorsun.storage.store import Store
from doctorsun.storage.store_folder import MANIFEST

README = "README.md"


def hub_readme(store: Path, num_here: Mapping[str, int]) -> str:
    """Return the README of a Hugging Face dataset folder: the card of the store that it was exported from.

    Args:
        store: the folder of a complete store.
        num_here: samples by split in the exported folder.

    Raises:
        DataError: the store is not complete or damaged.
    """
    return render_markdown(make_card(store), num_here)


def write_card(store: Path, out: Path | None = None, *, language: Language = "en") -> tuple[Path, Path]:
    """Write the card of a store, from the store alone.

    Args:
        store: the folder of a complete store.
        out: the HTML file; ``card.html`` in the store when None. The Markdown, with English and then Chinese, lies
            beside it under the same name.
        language: of the HTML.

    Returns:
        The HTML file and the Markdown file.

    Raises:
        DataError: the store is not complete or damaged, ``out`` is no name of a page, or it cannot be written.
        MachineError: the disk is full.
    """
    page = store / "card.html" if out is None else out
    if page.suffix.lower() not in {".html", ".htm"}:
        raise DataError("the file of a card", got=f"'{page}'", expected="a name that ends in .html")
    card = make_card(store)
    markdown = page.with_suffix(".md")
    write_text(page, render_card(card, language))
    write_text(markdown, render_markdown(card))
    return page, markdown


def pack_store(folder: Path) -> Parcel:
    """Return what a store sends to a hub: manifest, shards and README.md, the card, which is written if need be.

    Raises:
        DataError: the store is not complete, a shard is damaged, or README.md cannot be written.
        MachineError: the disk is full.
    """
    store = Store(folder)
    store.verify()
    if not (folder / README).is_file():
        write_text(folder / README, render_markdown(make_card(folder)))
    return pack(folder, STORE, [MANIFEST, README, *(shard.path for shard in store.manifest.shards)])
