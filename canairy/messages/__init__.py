"""What travels on the topics: frozen data classes with `encode` and `decode`, one file a message."""
