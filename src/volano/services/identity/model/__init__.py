"""The nouns of identity; pure."""
