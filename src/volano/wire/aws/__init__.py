"""Every AWS service on one port: SigV4, and codecs compiled from botocore's service models."""
