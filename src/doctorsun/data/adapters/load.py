"""Loading of adapters: the shipped ones by name, others from a file."""

from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from doctorsun.config.document import read_document
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
    path = Path(path_or_name) if path_or_name.endswith((".yaml", ".yml")) else SHIPPED / f"{path_or_name}.yaml"
    if not path.is_file():
        known = shipped_adapters()
        raise RecipeError(
            f"there is no adapter '{path_or_name}'",
            expected=f"a YAML file, or one of {', '.join(known)}",
            do=did_you_mean(path_or_name, known, otherwise="check the path"),
        )
    document = read_document(path)
    try:
        adapter = Adapter.model_validate(document.plain())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"{path}: {where}", got=repr(first["input"])[:80], expected=first["msg"]) from error
    check_vocabulary(adapter, document)
    return adapter
