"""SQL of the studio service: the retrieval index, and what OpenAI calls objects."""
