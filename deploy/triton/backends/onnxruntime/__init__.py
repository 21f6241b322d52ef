"""Triton's `onnxruntime` backend without its C++: it serves the same model repositories. `model` is the entry point."""
