"""Decisions of retrieval: cutting, matching, ranking, and when something is an answer."""
