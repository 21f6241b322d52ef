"""EfficientNet-Lite0, cut after block 10: the picture features that PatchCore stands on."""
