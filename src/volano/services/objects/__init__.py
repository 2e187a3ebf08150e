"""Buckets and objects: the S3 API and what other services keep in it."""
