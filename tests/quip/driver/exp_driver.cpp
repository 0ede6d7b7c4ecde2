// The vectors' exponential function: `exp_driver` prints it for each number of its input.
#include "numerics/simd.h"

#include <cstdio>
#include <iostream>

int main()
{
  for (double x; std::cin >> x;) std::printf("%.17g\n", deckgen::exp_of_negative(deckgen::broadcast(x))[0]);
  return 0;
}
