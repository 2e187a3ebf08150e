"""OpenAI's HTTP API: JSON, multipart uploads and server-sent events under `/v1`."""
