"""What points to a person in a text, in Chinese and English: found, and masked by typed placeholders."""
