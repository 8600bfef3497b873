"""Ontology: bilingual terms for modalities, planes, organs, departments, findings, regions and zones."""
