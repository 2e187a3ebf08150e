"""Network: VPCs, subnets, security groups, gateways and addresses (part of EC2)."""
