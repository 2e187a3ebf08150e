"""Decoders on an NVIDIA card: PyTorch's products, our own Triton kernels for all else.

Nothing here is imported unless the device is chosen: `plan` alone needs no torch.
"""
