"""Models that a Triton server holds, as services call them: `ports` for the handlers, `client` for Triton itself."""
