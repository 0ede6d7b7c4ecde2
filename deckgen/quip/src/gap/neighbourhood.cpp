#include "gap/neighbourhood.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace deckgen {

Elements::Elements(const std::vector<int> &numbers_) : numbers(numbers_)
{
  std::fill(std::begin(places), std::end(places), numbers == std::vector<int>{0} ? 0 : -1);
  for (int i = 0; i < count(); ++i) places[numbers[i]] = i;
}

// Room for every neighbour, each element's padded to whole groups: nothing moves while it is filled.
void Neighbourhoods::reserve(const Atoms &atoms, const Elements &elements)
{
  size_t room = lanes;
  for (int i = 0; i < atoms.n_centres; ++i)
    room += static_cast<size_t>(atoms.neighbour_counts[i]) + static_cast<size_t>(elements.count()) * lanes;
  for (Buffer *buffer : {&x, &y, &z, &r}) buffer->resize(room);
  if (index.size() < room) index.resize(room);
  neighbours.resize(static_cast<size_t>(atoms.n_centres) * elements.count());
  neighbourhoods.clear();
}

void Neighbourhoods::gather(const Atoms &atoms, const Elements &elements)
{
  reserve(atoms, elements);
  const int *list = atoms.neighbours->data();
  Neighbours *next = neighbours.data();
  size_t begin = 0;
  for (int i = 0; i < atoms.n_centres; ++i) {
    const int centre = atoms.centres[i], n = atoms.neighbour_counts[i];
    const int of_centre = elements.place(atoms.atomic_numbers[centre]);
    if (of_centre >= 0) {
      neighbourhoods.push_back({centre, elements.number(of_centre), &elements, next});
      for (int place = 0; place < elements.count(); ++place, ++next) {
        *next = gather_element(atoms, elements.number(place), centre, list, n, begin);
        begin += static_cast<size_t>(next->groups) * lanes;
      }
    }
    list += n;
  }
}

Neighbours Neighbourhoods::gather_element(const Atoms &atoms, int element, int centre, const int *list, int n,
                                          size_t begin)
{
  double *xs = x.data() + begin, *ys = y.data() + begin, *zs = z.data() + begin, *rs = r.data() + begin;
  int *js = index.data() + begin;
  const double *origin = atoms.positions + 3 * static_cast<size_t>(centre);
  const double limit = cutoff * cutoff;
  int count = 0;
  for (int k = 0; k < n; ++k) {
    const int j = list[k] - 1;
    const double *place = atoms.positions + 3 * static_cast<size_t>(j);
    const double dx = place[0] - origin[0], dy = place[1] - origin[1], dz = place[2] - origin[2];
    const double squared = dx * dx + dy * dy + dz * dz;
    // Always written, and kept only if it counts: no branch to predict.
    xs[count] = dx, ys[count] = dy, zs[count] = dz, rs[count] = squared, js[count] = j;
    count += (squared < limit) & ((element == 0) | (atoms.atomic_numbers[j] == element));
  }
  const int groups = (count + lanes - 1) / lanes;
  for (int k = 0; k < count; ++k) rs[k] = std::sqrt(rs[k]);
  for (int k = count; k < groups * lanes; ++k) xs[k] = ys[k] = 0.0, zs[k] = rs[k] = 1.0;
  return {centre, count, groups, xs, ys, zs, rs, js};
}

}    // namespace deckgen
