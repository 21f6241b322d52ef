"""Models as their folders describe them: what services and the workshop must agree on."""
