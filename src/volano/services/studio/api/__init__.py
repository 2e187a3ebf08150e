"""The studio service's API actions: files, vector stores, responses, conversations, batches."""
