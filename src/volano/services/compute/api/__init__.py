"""EC2's actions on instances, and Volano's own view of them."""
