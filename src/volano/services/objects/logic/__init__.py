"""What the object store decides, one file per resource."""
