"""How often the 95 % intervals of a melting peak hold the exact values, in many regimes of sampling."""
