"""One stage of training: which parts learn, from which mixture, for how long."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from doctorsun.config.section import Section

PartName = Literal["vision", "projector", "language"]
OptimizerName = Literal["adamw", "muon"]
PositiveFloat = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=0)]
DomainName = Literal["medical", "general"]
LanguageName = Literal["zh", "en", "mixed"]


class LoraSection(Section):
    """Low-rank adapters on the linear layers of a part (arXiv 2106.09685)."""

    r: Annotated[int, Field(ge=1)]
    alpha: PositiveFloat
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    modules: tuple[str, ...] | None = None
    """Exact paths of linear layers below the part, ``*`` for the number of a block, such as
    ``layers.*.self_attn.q_proj``; every linear layer of its blocks when not given."""


class ValidationSection(Section):
    """Loss on samples that are not trained on, at intervals."""

    source: str
    split: Literal["validation", "test"] = "validation"
    every_steps: Annotated[int, Field(ge=1)]
    samples: Annotated[int, Field(ge=1)] = 256
    """The first so many of the split, in an order by the recipe's seed."""
    keep: Literal["last", "best"] = "last"
    """Weights that the stage ends with: those of the last step, or those with the lowest validation loss."""


class PartSection(Section):
    """How one part of the network trains."""

    lr: PositiveFloat | None = None
    """Peak learning rate of this part; the stage's own when not given."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    optimizer: OptimizerName = "adamw"
    """muon: for the matrices between the embeddings; quicker for a network that starts from nothing."""
    muon_lr: PositiveFloat | None = None
    """Peak learning rate of the matrices that Muon steps; the part's own when not given."""
    lora: LoraSection | None = None
    """Adapters instead of the full weights."""

    @model_validator(mode="after")
    def _muon_has_a_use(self) -> "PartSection":
        if self.muon_lr is not None and self.optimizer != "muon":
            raise ValueError("muon_lr is given, but the optimizer is adamw; add 'optimizer: muon' or take it out")
        return self


class MixtureEntry(Section):
    """One ingredient of a mixture."""

    source: str
    weight: PositiveFloat = 1.0
    """Share of the samples, relative to the other entries."""
    tasks: tuple[str, ...] | None = None
    """Only these families of questions (``presence``, ``caption``, ...); all when not given."""
    languages: tuple[LanguageName, ...] | None = None
    domains: tuple[DomainName, ...] | None = None
    datasets: tuple[str, ...] | dict[str, PositiveFloat] | Literal["published"] | None = None
    """Only these data sets of the source; with numbers, how often an epoch takes each of their samples: 2 is twice,
    0.05 is 5 % of them. ``published`` takes all, as often as their publisher's list says."""


class RatioSection(Section):
    """What a mixture shall consist of, whatever its entries hold; a value with ratio 0 is left out."""

    domain: dict[DomainName, Ratio] = Field(default_factory=dict)
    """Such as ``{medical: 1, general: 0.5}``."""
    language: dict[LanguageName, Ratio] = Field(default_factory=dict)
    """Such as ``{zh: 1, en: 1}``."""
    source: dict[str, Ratio] = Field(default_factory=dict)
    """By the names under ``data.sources``."""


class StageSection(Section):
    """One stage of training."""

    trainable: dict[PartName, Literal["full"] | PartSection]
    """The parts that learn; a part that is not named is frozen."""
    objective: Literal["replies", "labels", "preference"] = "replies"
    """What is learnt: the assistant's replies; for a tower without published weights, the facts of the images; or to
    prefer the reply of a sample to its rejected ones."""
    beta: PositiveFloat = 0.1
    """Of the objective ``preference``: how much a preference counts against staying near the start
    (arXiv 2305.18290)."""
    mixture: Annotated[tuple[MixtureEntry, ...], Field(min_length=1)]
    ratios: RatioSection | None = None
    """Shares of domains, languages and sources in the samples; as the entries and their weights give when not given."""
    template: str | None = None
    """Chat template of this stage, such as ``plain`` for captions without a question; that of the weights when not
    given."""
    steps: Annotated[int, Field(ge=1)] | None = None
    epochs: PositiveFloat | None = None
    """In place of ``steps``: passes over as many samples as the mixture holds."""
    batch_samples: Annotated[int, Field(ge=1)] | None = None
    """Samples per optimizer step, whatever the packing."""
    batch_tokens: Annotated[int, Field(ge=16)] | None = None
    """In place of ``batch_samples``: tokens per optimizer step; the step that goes beyond them is closed."""
    lr: PositiveFloat
    min_lr_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Learning rate at the end, as a share of the peak."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.03
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.999
    max_grad_norm: PositiveFloat = 1.0
    max_length: Annotated[int, Field(ge=16)] = 2048
    """Longest sample in tokens; longer ones lose their last turns, and are left out where the first is too long."""
    pack_tokens: Annotated[int, Field(ge=16)] = 8192
    """Tokens of one packed sequence: what one forward pass holds."""
    recompute: bool = False
    """Compute the blocks that a gradient passes twice instead of keeping what is inside: less memory, more time."""
    optimizer_states: Literal["fp32", "bf16"] = "fp32"
    """Precision of the moments that AdamW keeps; bf16 halves them."""
    validation: ValidationSection | None = None
    save_every_steps: Annotated[int, Field(ge=1)] = 100
    save_in_background: bool = False
    """Write checkpoints while training goes on; one more copy of what trains is in memory meanwhile."""

    @model_validator(mode="after")
    def _is_possible(self) -> "StageSection":
        if not self.trainable:
            raise ValueError("a stage needs at least one part under 'trainable': vision, projector or language")
        for one, other in (("steps", "epochs"), ("batch_samples", "batch_tokens")):
            given = [key for key in (one, other) if getattr(self, key) is not None]
            if not given:
                raise ValueError(f"a stage needs either '{one}' or '{other}'")
            if len(given) > 1:
                remedy = f"take one away, such as --set stages.NAME.{one}=null"
                raise ValueError(f"'{one}' and '{other}' are both given; {remedy}")
        if self.objective == "labels" and set(self.trainable) != {"vision"}:
            raise ValueError(f"labels teach the part 'vision' alone; trainable are {', '.join(self.trainable)}")
        if self.max_length > self.pack_tokens:
            raise ValueError(f"max_length {self.max_length} is above pack_tokens {self.pack_tokens}")
        return self

    @property
    def duration(self) -> str:
        """How long the stage lasts, as the recipe says it: steps, or epochs."""
        return f"{self.steps:,}" if self.steps is not None else f"{self.epochs:g} epochs"

    @property
    def adapters(self) -> dict[PartName, LoraSection]:
        """The parts that learn by adapters."""
        found: dict[PartName, LoraSection] = {}
        for name in self.trainable:
            section = self.part(name)
            if section and section.lora:
                found[name] = section.lora
        return found

    def part(self, name: PartName) -> PartSection | None:
        """Return how a part trains, with the stage's settings filled in; None when it is frozen."""
        chosen = self.trainable.get(name)
        if chosen is None:
            return None
        section = PartSection() if chosen == "full" else chosen
        decay = self.weight_decay if section.weight_decay is None else section.weight_decay
        lr = section.lr or self.lr
        rates = {"lr": lr, "muon_lr": section.muon_lr or lr}
        return section.model_copy(update={**rates, "weight_decay": decay})
