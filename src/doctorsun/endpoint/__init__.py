"""A small client for servers that speak the OpenAI chat API."""
