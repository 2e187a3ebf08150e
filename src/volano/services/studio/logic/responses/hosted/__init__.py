"""Tools that run here and not at the client: file search, code, outside MCP servers, the web."""
