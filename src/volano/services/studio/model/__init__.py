"""The nouns of the studio service."""
