"""The fit of M1 at the study's own size, whole: Table 1, 6,120 sparse points, 1,945 configurations of Na55.

What is shown is the fit: the labels are a cheap teacher's, na-gap's, on frames of the Gupta potential at 50 to 400 K.
The study needed 180 GB for it; gap_fit's own estimate is 90 GB. Stopped, it continues where it was:

    python -m validation.potential.fits.m1 --folder m1
"""

from __future__ import annotations

from validation.potential.fits.whole import Model, run

M1 = Model(
    name="potential/fits/m1",
    title="The study's first fit, M1, at its own size, by the native engine",
    sizes=(55,),
    n_frames=1945,
    n_held_out=55,
    most_GB=2.0,
    most_minutes=45,
)


if __name__ == "__main__":
    run(M1, __doc__)
