"""The records that flow between the parts: plain frozen dataclasses that import only errors."""

from doctorsun.schema.answer import Answer, AnswerKind
from doctorsun.schema.manifest import Manifest, Shard
from doctorsun.schema.message import Message, Part, Role, image_part, text_part
from doctorsun.schema.prediction import ImageControl, Prediction, PredictionStatus
from doctorsun.schema.provenance import Deidentification, Groups, MadeBy, Source
from doctorsun.schema.sample import Image, ImageFacts, Object, Sample, Variant, VariantKind, sample_id
from doctorsun.schema.score import Control, Score

__all__ = [
    "Answer",
    "AnswerKind",
    "Control",
    "Deidentification",
    "Groups",
    "Image",
    "ImageControl",
    "ImageFacts",
    "MadeBy",
    "Manifest",
    "Message",
    "Object",
    "Part",
    "Prediction",
    "PredictionStatus",
    "Role",
    "Sample",
    "Score",
    "Shard",
    "Source",
    "Variant",
    "VariantKind",
    "image_part",
    "sample_id",
    "text_part",
]
