"""Doctor Sun: bilingual (Chinese and English) biomedical vision-language models, from raw data to served answers."""

__version__ = "0.1.0"
