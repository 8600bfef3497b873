"""Serving: a gateway with limits in front of an engine, speaking the OpenAI chat API."""
