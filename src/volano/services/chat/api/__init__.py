"""The workplace's API: Slack's methods, its raw routes and sockets, and the console's own calls."""
