"""The detector: YOLOX of the nano class, its simulated scenes, its training, and the graph that Triton serves."""
