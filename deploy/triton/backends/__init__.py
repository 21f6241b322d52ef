"""Backends of the embedded Triton, in the layout that Triton looks for: NAME/model.py."""
