"""Keys (KMS): encryption keys that never leave the cloud, and who may use them."""
