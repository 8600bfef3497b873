"""De-identification: DICOM by the table of PS3.15 Annex E, and what other formats hold beside their pixels."""
