"""The engine: requests in, tokens out. `server` is its process, `engine` its one step."""
