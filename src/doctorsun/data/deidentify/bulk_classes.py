"""Bulk data of one kind of object, such as surfaces: in an object of another class it could be bytes of any kind."""

from pydicom.dataelem import DataElement

_SURFACES = "1.2.840.10008.5.1.4.1.1.66.5"
_TRACTS = "1.2.840.10008.5.1.4.1.1.66.6"
_CLASSES = {
    **dict.fromkeys(("DoublePointCoordinatesData", "PointCoordinatesData"), (_SURFACES, _TRACTS)),
    **dict.fromkeys(("LongPrimitivePointIndexList", "TrianglePointIndexList", "VertexPointIndexList"), (_SURFACES,)),
    "TrackPointIndexList": (_TRACTS,),
    "VectorGridData": ("1.2.840.10008.5.1.4.1.1.66.3",),
    "SpectroscopyData": ("1.2.840.10008.5.1.4.1.1.4.2",),
}


def is_of_other_class(kind: str, element: DataElement) -> bool:
    """Return whether an element is bulk data that objects of a class do not have.

    Args:
        kind: the class of the whole object (SOP Class UID).
        element: at any depth.

    Source: PS3.3, the definitions of spectroscopy, deformable registration, surface segmentation and tractography.
    """
    return kind not in _CLASSES.get(element.keyword, (kind,))
