"""The OpenAI chat API: its requests, its answers and its routes."""
