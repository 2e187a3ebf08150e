"""OAuth 2.1 endpoints: form posts in, RFC 6749's JSON out."""
