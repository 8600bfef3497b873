"""Recipe: one YAML file that describes a whole run."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from doctorsun.config.data import DataSection
from doctorsun.config.evaluation import DialogueSection, EvaluationSection
from doctorsun.config.model import ModelSection
from doctorsun.config.section import Section
from doctorsun.config.seed import MAX_SEED
from doctorsun.config.stage import StageSection
from doctorsun.config.telemetry import TelemetrySection

StageName = Literal["vision-pretrain", "pretrain", "text-instruct", "align", "deep-align", "instruct", "prefer"]
STAGE_ORDER: tuple[StageName, ...] = (
    "vision-pretrain",
    "pretrain",
    "text-instruct",
    "align",
    "deep-align",
    "instruct",
    "prefer",
)


class Recipe(Section):
    """All that a run is: model, data, stages in order, evaluation."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    description: str = ""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 7
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """auto: bf16 where the machine computes it in hardware, else fp32."""
    model: ModelSection
    data: DataSection
    stages: dict[StageName, StageSection]
    evaluation: EvaluationSection = EvaluationSection()
    dialogues: DialogueSection | None = None
    telemetry: TelemetrySection = TelemetrySection()

    @model_validator(mode="after")
    def _stages_are_in_order(self) -> "Recipe":
        order = [STAGE_ORDER.index(name) for name in self.stages]
        if order != sorted(order):
            raise ValueError(f"stages stand in the order {', '.join(self.stages)}; expected {', '.join(STAGE_ORDER)}")
        return self
