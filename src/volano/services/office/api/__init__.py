"""Actions of approvals and tasks."""
