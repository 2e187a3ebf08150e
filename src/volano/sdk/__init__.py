"""A client of Volano's REST API on the standard library; the command line uses it."""
