"""Sample to token ids and pixels: the one road of training, evaluation and serving."""
