"""A simulated yard: groups of equipment as a thermal camera sees them, with the truth beside each frame."""
