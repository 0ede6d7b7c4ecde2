"""The melting temperature from the jumps between solid and liquid, without equilibrium between the two."""
