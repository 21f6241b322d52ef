"""The workshop: what makes the models that Triton serves. Nothing here runs in a service."""
