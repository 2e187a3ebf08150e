"""Actions of regions."""
