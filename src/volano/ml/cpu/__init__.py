"""The CPU device: kernels written as LLVM IR by Python and compiled where they run.

No compiler and no torch are needed: llvmlite turns the text into machine code for this processor.
Weights are packed into huge pages so that a step streams them at memory speed.
"""
