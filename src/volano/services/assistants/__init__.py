"""The copilot and assistants: answers with sources, actions with approval, outside tools."""
