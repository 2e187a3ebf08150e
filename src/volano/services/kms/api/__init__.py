"""The KMS API (json protocol)."""
