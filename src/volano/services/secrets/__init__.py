"""Secrets Manager: values under names, in versions with stages, encrypted by KMS keys."""
