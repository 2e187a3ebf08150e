"""The workplace: channels, messages, files, apps and the copilot, behind Slack's API."""
