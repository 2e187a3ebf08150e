"""EC2's actions on networks."""
