"""Retrieval over what an account has written: sentences, found by words and by meaning."""
