"""Port `secrets`: sealing, and where the root key lies."""
