"""How well a curve is known: correlation, equilibration, resampling, intervals, and checks of them."""
