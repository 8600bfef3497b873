"""Facts: what is true of an annotated image, derived from its labels, boxes and masks alone."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.measures import Measure, measures_of
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm
from doctorsun.image.geometry import Box, box_center, long_side_mm, overlap_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding of one image; empty or None where the annotations do not tell.

    Attributes:
        side: the patient's side: left, right or bilateral.
        zone: ontology id of the zone, where every box lies in the same one.
        size_mm: the longest side of the largest box.
        boxes: indices into the image's objects.
    """

    name: str
    present: bool
    side: str = ""
    zone: str = ""
    count: int = 0
    size_mm: float | None = None
    size_class: str = ""
    boxes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the words of an image may say.

    Attributes:
        findings: what is known to be there or not, in the order of the annotation.
        classes: a set of classes that exclude each other to the one that the image is of.
        measures: what the marks of each label tell; drawn images have none.
    """

    modality: str = ""
    plane: str = ""
    anatomy: str = ""
    department: str = ""
    findings: tuple[Finding, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    classes: dict[str, str] = field(default_factory=dict[str, str])
    measures: tuple[Measure, ...] = ()

    def present(self) -> tuple[Finding, ...]:
        """Return the findings that are there."""
        return tuple(finding for finding in self.findings if finding.present)

    def as_json(self) -> str:
        """Return the facts as compact JSON; classes and measures stand there where there are any."""
        facts = asdict(self)
        for name in ("classes", "measures"):
            if not facts[name]:
                del facts[name]
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

    def measure(self, name: str) -> Measure | None:
        """Return what the marks of a label tell; None where it has none."""
        return next((measure for measure in self.measures if measure.name == name), None)


def facts_of(annotated: AnnotatedImage, ontology: Ontology) -> Facts:
    """Derive the facts of an image.

    Sides come from reference regions that the data set marks (such as ``left_lung``), never from the image's middle:
    a shifted or turned body would make that a guess.

    Raises:
        DataError: a label is not in the ontology.
    """
    findings = tuple(
        _finding(name, annotated, ontology) if present else Finding(name=ontology.finding(name).id, present=False)
        for name, present in annotated.labels.items()
    )
    return Facts(
        modality=annotated.modality,
        plane=annotated.plane,
        anatomy=annotated.anatomy,
        department=annotated.department,
        findings=findings,
        attributes=annotated.attributes,
        counts=annotated.counts,
    )


def measured_facts(annotated: AnnotatedImage, ontology: Ontology) -> Facts:
    """Derive the facts of an image of a real data set: the findings, what their marks measure, and its classes.

    A side comes from the measures. A class of a set whose classes exclude each other says that the others are absent;
    told of are those that the data set uses, for of the rest an answer would always be no. Where labels say so of some
    of them, the data set has no others. Marked objects exclude nothing, nor do two
    classes of one set: several of them may stand on one image.

    Raises:
        DataError: a label, a modality, a plane, an organ or a department is not in the ontology.
    """
    _check_ids(annotated, ontology)
    facts = facts_of(annotated, ontology)
    measures = {measure.name: measure for measure in measures_of(annotated, ontology)}
    findings = [_with_measure(item, measures.get(item.name)) for item in facts.findings]
    whole = [item.name for item in facts.findings if item.present and item.name not in measures]
    sets = Counter(ontology.finding(name).parent for name in whole)
    classes = {
        parent: name for name in whole if ontology.rivals(name) and sets[parent := ontology.finding(name).parent] == 1
    }
    known = {item.name for item in findings}
    rivals = [_rivals_in_use(name, annotated, ontology) for name in classes.values()]
    excluded = [name for names in rivals if known.isdisjoint(names) for name in names]
    findings += [Finding(name=name, present=False) for name in excluded]
    return replace(facts, findings=tuple(findings), classes=classes, measures=tuple(measures.values()))


def _rivals_in_use(name: str, annotated: AnnotatedImage, ontology: Ontology) -> list[str]:
    """Return the classes that one excludes and the data set uses; all of them where it is not known to use any."""
    rivals = [term.id for term in ontology.rivals(name)]
    return [rival for rival in rivals if rival in annotated.vocabulary] or rivals


def _check_ids(annotated: AnnotatedImage, ontology: Ontology) -> None:
    """Check that what is known of the whole image is in the ontology.

    Raises:
        DataError: something is not.
    """
    if annotated.modality:
        ontology.look_up("modalities", annotated.modality)
    if annotated.plane:
        ontology.look_up("planes", annotated.plane)
    if annotated.anatomy:
        ontology.look_up("organs", annotated.anatomy)
    if annotated.department:
        ontology.look_up("departments", annotated.department)


def _with_measure(item: Finding, measure: Measure | None) -> Finding:
    """Return a finding with the side and the number that its marks tell."""
    if measure is None:
        return item
    return replace(item, side=measure.side or item.side, count=item.count if measure.counted else 0)


def _finding(name: str, annotated: AnnotatedImage, ontology: Ontology) -> Finding:
    """Derive one finding that is present."""
    term = ontology.finding(name)
    boxes = tuple(i for i, item in enumerate(annotated.objects) if item.label == name)
    marked = [annotated.objects[i].box_px for i in boxes]
    regions = [region for box in marked if (region := _region(box, annotated.objects, term)) is not None]
    sides = {ontology.findings[region.label].side for region in regions}
    zones = {_zone(box, region.box_px, term) for box, region in zip(marked, regions, strict=False)}
    known = bool(marked) and len(regions) == len(marked)
    size_mm = _size_mm(marked, annotated.acquisition.spacing_mm)
    return Finding(
        name=name,
        present=True,
        count=len(boxes),
        boxes=boxes,
        size_mm=size_mm,
        side=("bilateral" if len(sides) > 1 else next(iter(sides))) if known else "",
        zone=next(iter(zones)) if known and len(zones) == 1 else "",
        size_class=_size_class(size_mm, term),
    )


def _region(box: Box, objects: Sequence[AnnotatedObject], term: FindingTerm) -> AnnotatedObject | None:
    """Return the reference region that holds most of a box, or None where none touches it."""
    regions = [item for item in objects if item.label in term.regions]
    best = max(regions, key=lambda region: overlap_share(box, region.box_px), default=None)
    return best if best is not None and overlap_share(box, best.box_px) > 0 else None


def _zone(box: Box, region: Box, term: FindingTerm) -> str:
    """Return the zone of a region, of equal heights from top to bottom, in which the centre of a box lies."""
    if not term.zones:
        return ""
    share = (box_center(box)[1] - region[1]) / (region[3] - region[1])
    return term.zones[min(max(int(share * len(term.zones)), 0), len(term.zones) - 1)]


def _size_mm(boxes: Sequence[Box], spacing_mm: tuple[float, float] | None) -> float | None:
    """Return the longest side of the largest box, where the spacing is known."""
    if spacing_mm is None or not boxes:
        return None
    return round(max(long_side_mm(box, spacing_mm) for box in boxes), 1)


def _size_class(size_mm: float | None, term: FindingTerm) -> str:
    """Return ``large`` above the finding's size limit, else ``small``; empty where either is not known."""
    if size_mm is None or term.size is None:
        return ""
    return "large" if size_mm > term.size.limit_mm else "small"
