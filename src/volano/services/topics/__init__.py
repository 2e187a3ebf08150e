"""Topics (the SNS API)."""
