"""The bench: relay board, key matrix, power, cards, paper path, serial lines and link of the simulated rig."""
