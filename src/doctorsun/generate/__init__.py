"""Answering: batched generation, log-likelihoods, text streams, and answers from a remote server."""
