"""The optics of the simulated rig: glass, paper, two cameras."""
