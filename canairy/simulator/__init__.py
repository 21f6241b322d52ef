"""A simulated site: radiometric cameras whose scenes follow a script. What it makes is called simulated."""
