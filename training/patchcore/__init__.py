"""PatchCore (Roth et al., CVPR 2022, arXiv 2106.08265): from normal crops to one served graph, without torch."""
