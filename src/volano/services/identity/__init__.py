"""Identity: accounts, people, keys and policies (IAM, STS), sign-in, quotas and the audit trail."""
