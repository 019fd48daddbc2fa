"""What the terminal does from power-on to settlement."""
