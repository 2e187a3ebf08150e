"""Exporting the workplace in Slack's form, so that it can go on elsewhere or here again."""
