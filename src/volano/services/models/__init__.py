"""Models: the registry, generation and embeddings behind OpenAI's API."""
