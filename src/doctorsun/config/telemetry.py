"""Where a recipe sends its curves, beside ``metrics.jsonl`` and the report."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.section import Section


class WandbSection(Section):
    """A project of Weights & Biases."""

    project: Annotated[str, Field(min_length=1)]
    entity: str | None = None
    """User or team; the account's own when not given."""
    name: str | None = None
    """Name of the run there; the name of the run's folder when not given."""
    mode: Literal["online", "offline"] = "online"
    """offline: write files under ``wandb`` in the run's folder, which ``wandb sync`` uploads later."""


class TelemetrySection(Section):
    """Where the curves go; what is trained does not depend on it."""

    tensorboard: bool = False
    """Write event files under ``tensorboard`` in the run's folder."""
    wandb: WandbSection | None = None
