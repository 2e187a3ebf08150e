"""Responses: OpenAI's stateful answers, with tools, conversations and work in the background."""
