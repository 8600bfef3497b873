"""The network: transformers' LLaVA, its sizes, its packed forward pass and its trainable parts."""
