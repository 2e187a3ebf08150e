"""Compute: instances, their types and images, placement on nodes (the rest of EC2)."""
