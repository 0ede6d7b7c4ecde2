"""Coverage of the intervals of studies that stop at a goal: `python -m validation.melting.goal`."""
