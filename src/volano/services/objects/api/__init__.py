"""The S3 API, and the console's REST API over the same logic, one file per resource."""
