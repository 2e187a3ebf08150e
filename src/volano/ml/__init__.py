"""Tensors only: the inference engine, its models and layers.

No HTTP, no database and nothing else of Volano is imported, so this package can be used alone.
NumPy does the arithmetic; torch is never imported here.
"""
