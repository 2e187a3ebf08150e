"""The composition root: Config -> backends -> Env -> gateways -> ASGI and work loops."""
