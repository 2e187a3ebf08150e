"""Trails (CloudTrail): who did what, delivered to a bucket with signed digests."""
