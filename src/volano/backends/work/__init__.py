"""Port `work`: reconcilers and jobs in this process."""
