"""Tensors only: the inference engine, its models and layers.

No HTTP, no database and nothing else of Volano is imported, so this package can be used alone.
`python -m volano.ml` runs a model's folder. Arithmetic is done by kernels that llvmlite compiles
(`cpu`), or by NumPy where it is not installed; torch is never imported here.
"""
