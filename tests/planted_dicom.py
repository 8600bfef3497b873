"""DICOM files with planted identifiers: a marker of its own in every place that can hold one, and where it was put."""

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no word of any table is among the markers
TEXTS = {"PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "CS"}
# Of the table and beside it, of every representation that holds text.
# fmt: off
LISTED = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientAddress", "PatientMotherBirthName",
    "AccessionNumber", "InstitutionName", "InstitutionAddress", "StationName", "ReferringPhysicianName",
    "OperatorsName", "StudyDescription", "SeriesDescription", "ProtocolName", "PatientComments", "ImageComments",
    "AdditionalPatientHistory", "StudyID", "RequestedProcedureID", "PerformedProcedureStepID",
    "DeviceSerialNumber", "PerformedStationAETitle", "ScheduledStationAETitle", "RetrieveAETitle",
    "IssuerOfPatientID", "DerivationDescription", "ContrastBolusAgent", "MedicalAlerts", "Allergies", "Occupation",
    "EthnicGroup", "ResponsiblePerson", "CurrentPatientLocation", "PlateID", "DetectorID", "CassetteID",
    "FrameComments", "TextComments", "Arbitrary", "RequestingPhysician", "RequestingService", "ReasonForStudy",
    "PatientTelephoneNumbers", "MilitaryRank", "BranchOfService", "ClinicalTrialSubjectID",
    "ClinicalTrialSponsorName", "ClinicalTrialSiteName", "ContentCreatorName", "SoftwareVersions", "Manufacturer",
    "ManufacturerModelName", "SequenceName", "ConvolutionKernel", "ReceiveCoilName", "BodyPartExamined",
    "ScanOptions", "ImageType", "PatientPosition", "FilterType", "SecondaryCaptureDeviceID", "ImageLaterality",
    "ContentLabel", "ContentDescription", "LUTExplanation", "TextValue", "UnformattedTextValue", "GraphicLayer",
    "SegmentLabel", "TrackingID", "RadionuclideTotalDose", "PersonName", "CodeMeaning", "CodeValue",
    "CodingSchemeDesignator", "LongCodeValue", "URNCodeValue", "LensMake", "MakerNote", "SelectorPNValue",
    "SelectorLOValue", "NumericValue", "FiducialDescription",
)
# fmt: on
DATES = {"DA": "19370{}17", "DT": "19980{}19040506.77+0830"}
DATED = (
    "StudyDate",
    "SeriesDate",
    "PatientBirthDate",
    "ContentDate",
    "AcquisitionDate",
    "LastMenstrualDate",
    "AcquisitionDateTime",
)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "utf-32-le")


class Markers:
    """Gives markers, and remembers them."""

    def __init__(self) -> None:
        self.numbers = count()
        self.given: list[str] = []

    def text(self) -> str:
        number = next(self.numbers)
        digits = "".join(LETTERS[number // 20**place % 20] for place in (2, 1, 0))
        return self._remember(f"QX{digits}ZV")

    def han(self) -> str:
        number = next(self.numbers)
        return self._remember("龘" + chr(0x9F00 + number % 90) + chr(0x4E80 + number))

    def uid(self) -> str:
        return self._remember(f"1.2.999.7731.{next(self.numbers)}5577")

    def date(self, representation: str) -> str:
        return self._remember(DATES[representation].format(1 + next(self.numbers) % 9))

    def _remember(self, marker: str) -> str:
        self.given.append(marker)
        return marker

    def found_in(self, content: bytes) -> list[str]:
        """Return the markers that stand in bytes, in any of the encodings."""
        low = content.upper()
        swapped = bytearray(low)
        swapped[: len(low) // 2 * 2 : 2], swapped[1::2] = low[1::2], low[: len(low) // 2 * 2 : 2]
        return [
            marker
            for marker in self.given
            if any(marker.upper().encode(name) in text for name in ENCODINGS for text in (low, bytes(swapped)))
        ]


def plant(source: Path, target: Path, markers: Markers) -> None:
    """Write a real file with a marker in every text, date and unique identifier, and with more such elements."""
    dataset = pydicom.dcmread(source, force=True)
    charset = str(dataset.get("SpecificCharacterSet") or "")
    new_text = markers.han if charset in ("ISO_IR 192", "GB18030") else markers.text
    _fill(dataset, markers)
    _add(dataset, markers)
    if new_text == markers.han:
        dataset.PatientName = f"{markers.text()}^={markers.han()}^{markers.han()}"
        dataset.PatientComments = new_text()
    level = dataset
    for keyword in ("RequestAttributesSequence", "ReferencedSeriesSequence", "AnatomicRegionSequence"):
        item = Dataset()
        _add(item, markers)
        level.add(DataElement(tag_for_keyword(keyword), "SQ", Sequence([item])))
        level = item
    dataset.save_as(target, enforce_file_format=False)
    _surround(target, markers, dataset)


def _fill(dataset: Dataset, markers: Markers) -> None:
    for element in list(dataset):
        if element.VR == "SQ":
            for item in element.value:
                _fill(item, markers)
        elif element.keyword in ("SpecificCharacterSet", "Modality", "PhotometricInterpretation", "ValueType"):
            continue
        elif element.VR in TEXTS and element.value and element.tag.group != 2:
            element.value = markers.text()
        elif element.VR in DATES and element.value:
            element.value = markers.date(element.VR)
        elif element.VR == "UI" and element.value and "ClassUID" not in element.keyword:
            element.value = markers.uid()


def _add(dataset: Dataset, markers: Markers) -> None:
    for keyword in LISTED:
        representation = dictionary_VR(tag_for_keyword(keyword))
        if representation in TEXTS and keyword not in dataset:
            setattr(dataset, keyword, markers.text())
    for keyword in DATED:
        setattr(dataset, keyword, markers.date(dictionary_VR(tag_for_keyword(keyword))))
    dataset.FrameOfReferenceUID = markers.uid()
    dataset.MakerNote = markers.text().encode()
    block = dataset.private_block(0x0099, markers.text(), create=True)
    for place, representation in enumerate(("LO", "PN", "UT", "SH", "UN", "OB"), 1):
        value = markers.text()
        block.add_new(place, representation, value.encode() if representation in ("UN", "OB") else value)
    inner = Dataset()
    inner.PatientName = markers.text()
    block.add_new(0x10, "SQ", Sequence([inner]))
    dataset.add(DataElement(0x00081199 + 0x10000000, "UN", markers.text().encode()))
    for group in (0x6000, 0x5000):
        dataset.add(DataElement((group, 0x3000), "OW", (markers.text() + "X").encode()))
        dataset.add(DataElement((group, 0x0022), "LO", markers.text()))


def _surround(target: Path, markers: Markers, dataset: FileDataset) -> None:
    """Put markers into the preamble and behind the data set, where the form of the file allows it."""
    content = bytearray(target.read_bytes())
    if content[128:132] == b"DICM":
        content[0:8] = (markers.text() + "-").encode()
    meta = getattr(dataset, "file_meta", Dataset())
    if meta.get("TransferSyntaxUID") in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        content += (markers.text() + markers.text()).encode()
    target.write_bytes(content)


def below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents below a folder; of what is compressed, also the content without compression."""
    for path in sorted(folder.rglob("*")):
        yield str(path.relative_to(folder)), b""
        if path.is_file():
            yield path.name, path.read_bytes()
            if path.suffix == ".dcm":
                yield path.name, _inflated(path)


def _inflated(path: Path) -> bytes:
    dataset, buffer = pydicom.dcmread(path), BytesIO()
    dataset.file_meta.TransferSyntaxUID, kind = ExplicitVRLittleEndian, dataset.file_meta.TransferSyntaxUID
    if not kind.is_deflated:
        return b""
    pydicom.dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True)
    return buffer.getvalue()
