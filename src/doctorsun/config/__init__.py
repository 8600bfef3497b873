"""Checked settings: recipes with file, line and column in every complaint."""

from doctorsun.config.data import ALL_MODALITIES, DataSection, SourceSection
from doctorsun.config.evaluation import EvaluationSection, TaskSection
from doctorsun.config.load import load_recipe
from doctorsun.config.model import ModelSection, TokenizerSection
from doctorsun.config.recipe import STAGE_ORDER, Recipe, StageName
from doctorsun.config.stage import (
    LoraSection,
    MixtureEntry,
    OptimizerName,
    PartName,
    PartSection,
    StageSection,
    ValidationSection,
)
from doctorsun.config.telemetry import TelemetrySection, WandbSection

__all__ = [
    "ALL_MODALITIES",
    "STAGE_ORDER",
    "DataSection",
    "EvaluationSection",
    "LoraSection",
    "MixtureEntry",
    "ModelSection",
    "OptimizerName",
    "PartName",
    "PartSection",
    "Recipe",
    "SourceSection",
    "StageName",
    "StageSection",
    "TaskSection",
    "TelemetrySection",
    "TokenizerSection",
    "ValidationSection",
    "WandbSection",
    "load_recipe",
]
