"""One file per model family, and what they share: reading weights and building what is built in."""
