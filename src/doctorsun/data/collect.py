"""Opening raw sources: one by its format or adapter, or several that become one store."""

from pathlib import Path
from typing import Any

from doctorsun.config.collection import Collection, ConvertSource, ImportSource
from doctorsun.data.formats import open_import
from doctorsun.data.readers.collected import CollectedReader
from doctorsun.data.readers.item import Reader


def open_source(source: ImportSource | ConvertSource, root: Path = Path()) -> Reader[Any]:
    """Open a source whose paths start from ``root``.

    Raises:
        RecipeError: its format or adapter is not known, or the adapter is wrong.
        DataError: its files cannot be read.
    """
    if isinstance(source, ConvertSource):
        from doctorsun.data.adapters.load import load_adapter  # an import of conversations needs no library of scans
        from doctorsun.data.adapters.reader import AdapterReader

        return AdapterReader(load_adapter(source.adapter), root / source.root)
    images = tuple(str(root / each) for each in source.images)
    return open_import(source.model_copy(update={"path": str(root / source.path), "images": images}))


def open_collection(collection: Collection) -> CollectedReader:
    """Open every source of a collection.

    Raises:
        RecipeError: a format or an adapter is not known, or an adapter is wrong.
        DataError: files cannot be read.
    """
    root = Path(collection.root)
    return CollectedReader({name: open_source(source, root) for name, source in collection.sources.items()})
