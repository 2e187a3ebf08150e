"""SQL of the network service, one file per table family."""
