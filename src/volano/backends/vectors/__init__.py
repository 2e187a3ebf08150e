"""Indexes of vectors: codes in files and a graph above them on one machine; pgvector."""
