"""Loading of adapters, the shipped ones by name, and of collections."""

from functools import cache
from importlib import resources
from pathlib import Path

from doctorsun.config.collection import Collection
from doctorsun.config.load import SUFFIXES, load_section
from doctorsun.config.suggest import did_you_mean
from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.vocabulary import check_vocabulary
from doctorsun.errors import RecipeError

SHIPPED = Path(str(resources.files("doctorsun.data.adapters")))


def shipped_adapters() -> list[str]:
    """Return the names of the adapters that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


@cache
def load_adapter(path_or_name: str) -> Adapter:
    """Load an adapter.

    Raises:
        RecipeError: there is none, or the page is wrong.
    """
    path = Path(path_or_name) if path_or_name.endswith(SUFFIXES) else SHIPPED / f"{path_or_name}.yaml"
    if not path.is_file():
        known = shipped_adapters()
        raise RecipeError(
            f"there is no adapter '{path_or_name}'",
            expected=f"a YAML file, or one of {', '.join(known)}",
            do=did_you_mean(path_or_name, known, otherwise="check the path"),
        )
    adapter, document = load_section(path, Adapter)
    check_vocabulary(adapter, document)
    return adapter


def load_collection(path: Path) -> Collection:
    """Load a list of sources.

    Raises:
        RecipeError: the file cannot be read or is wrong.
    """
    return load_section(path, Collection)[0]
