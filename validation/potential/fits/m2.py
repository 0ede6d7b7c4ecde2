"""The fit of M2 at the study's own size, whole: Table 1, 6,120 sparse points, 1,213 configurations to N = 200.

What is shown is the fit: the labels are a cheap teacher's, na-gap's, on frames of the Gupta potential at 50 to 400 K.
How the study's configurations are spread over the sizes is not known here: they are ten sizes, as many of each. The
study needed 650 GB for it. Stopped, it continues where it was:

    python -m validation.potential.fits.m2 --folder m2
"""

from __future__ import annotations

from validation.potential.fits.whole import Model, run

M2 = Model(
    name="potential/fits/m2",
    title="The study's second fit, M2, at its own size, by the native engine",
    sizes=(13, 20, 40, 55, 70, 92, 116, 147, 178, 200),
    n_frames=1213,
    n_held_out=60,
    most_GB=3.0,
    most_minutes=90,
)


if __name__ == "__main__":
    run(M2, __doc__)
