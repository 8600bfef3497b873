"""What every section of a recipe has in common: frozen, and no unknown key passes."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A checked, immutable part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
