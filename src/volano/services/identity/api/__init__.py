"""Actions of identity: IAM, STS, and Volano's own for people, keys, sessions and audit."""
