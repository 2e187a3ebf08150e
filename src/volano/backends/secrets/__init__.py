"""Port `secrets`: the root key in a file of the data folder."""
