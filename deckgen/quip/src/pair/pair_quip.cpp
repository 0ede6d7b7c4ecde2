#include "pair/pair_quip.h"

#include "gap/permuted.h"
#include "pair/make_engine.h"
#include "pair/potential_check.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"

#include <cstring>
#include <stdexcept>

using namespace LAMMPS_NS;

namespace deckgen {

PairQuip::PairQuip(LAMMPS *host) : Pair(host)
{
  single_enable = 0;
  restartinfo = 0;
  one_coeff = 1;
  manybody_flag = 1;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_NOTAVAIL;
  unit_convert_flag = utils::NOCONVERT;
}

PairQuip::~PairQuip()
{
  if (!allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
}

void PairQuip::allocate()
{
  allocated = 1;
  const int n = atom->ntypes;
  memory->create(setflag, n + 1, n + 1, "pair:setflag");
  memory->create(cutsq, n + 1, n + 1, "pair:cutsq");
  type_numbers.assign(n + 1, -1);
}

void PairQuip::settings(int narg, char **)
{
  if (narg != 0) error->all(FLERR, "Illegal pair_style command: pair_style quip takes no arguments");
  if (std::strcmp(update->unit_style, "metal") != 0) error->all(FLERR, "Pair style quip requires metal units");
  std::string reason;
  try {
    engine = make_engine();
  } catch (const std::runtime_error &failure) {
    reason = failure.what();
  }
  stop_together(reason);
}

// pair_coeff * * FILE "QUIP arguments" Z1 Z2 ...   (an atomic number, or NULL, for each atom type)
void PairQuip::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg != 4 + atom->ntypes)
    error->all(FLERR,
               "Pair style quip: pair_coeff has {} arguments where {} are needed: * * FILE \"QUIP arguments\" "
               "and an atomic number for each of {} atom types",
               narg, 4 + atom->ntypes, atom->ntypes);
  set_atomic_numbers(arg + 4);
  // LAMMPS' own search: the name as given, else in the folders of LAMMPS_POTENTIALS.
  const std::string found = utils::get_potential_file_path(arg[2]);
  load(found.empty() ? arg[2] : found, arg[3]);
}

void PairQuip::set_atomic_numbers(char **arg)
{
  const int n = atom->ntypes;
  for (int i = 1; i <= n; i++) {
    const char *word = arg[i - 1];
    type_numbers[i] = std::strcmp(word, "NULL") == 0 ? -1 : utils::inumeric(FLERR, word, false, lmp);
  }
  int count = 0;
  for (int i = 1; i <= n; i++)
    for (int j = i; j <= n; j++) {
      setflag[i][j] = type_numbers[i] >= 0 && type_numbers[j] >= 0;
      count += setflag[i][j];
    }
  if (count == 0) error->all(FLERR, "Pair style quip: pair_coeff gives no atom type an atomic number");
}

void PairQuip::load(const std::string &file, const std::string &arguments)
{
  std::string reason;
  if (comm->me == 0) {
    try {
      check_potential(file, arguments);
    } catch (const std::runtime_error &failure) {
      reason = failure.what();
    }
  }
  stop_together(reason);
  try {
    cutoff = engine->load(file, arguments);
    is_checked = false;
  } catch (const std::runtime_error &failure) {
    reason = failure.what();
  }
  stop_together(reason);
  log("engine " + engine->description());
}

void PairQuip::log(const std::string &line)
{
  if (comm->me == 0) utils::logmesg(lmp, "pair_style quip: " + line + "\n");
}

// An error on any rank ends the command on all of them, with the message of the first such rank.
void PairQuip::stop_together(const std::string &reason)
{
  const int mine = reason.empty() ? comm->nprocs : comm->me;
  int first = mine;
  MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, world);
  if (first == comm->nprocs) return;
  int length = static_cast<int>(reason.size());
  MPI_Bcast(&length, 1, MPI_INT, first, world);
  std::string text = reason;
  text.resize(length);
  MPI_Bcast(&text[0], length, MPI_CHAR, first, world);
  error->all(FLERR, "Pair style quip: " + text);
}

void PairQuip::init_style()
{
  if (!atom->tag_enable) error->all(FLERR, "Pair style quip requires atom IDs");
  if (force->newton_pair != 1) error->all(FLERR, "Pair style quip requires newton pair on");
  neighbor->add_request(this, NeighConst::REQ_FULL);
}

double PairQuip::init_one(int, int) { return cutoff; }

void PairQuip::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  gather_neighbours();
  const Atoms atoms = gather_atoms();
  try {
    engine->evaluate(atoms, result);
    if (!is_checked) check(atoms);
  } catch (const std::runtime_error &failure) {
    error->one(FLERR, std::string("Pair style quip: ") + failure.what());
  }
  const std::string notice = engine->take_notice();
  if (!notice.empty()) log(notice);
  add_forces();
  tally();
}

// At the first step, whatever the engine.
void PairQuip::check(const Atoms &atoms)
{
  check_order(*engine, atoms, result.energy);
  is_checked = true;
  log("checked: the energy does not depend on the order of the atoms");
}

void PairQuip::gather_neighbours()
{
  double **x = atom->x;
  const bool trim = engine->trims_neighbours();
  const double limit = cutoff * cutoff;
  neighbours.clear();
  neighbour_counts.resize(list->inum);
  for (int ii = 0; ii < list->inum; ii++) {
    const int i = list->ilist[ii];
    const size_t before = neighbours.size();
    for (int jj = 0; jj < list->numneigh[i]; jj++) {
      const int j = list->firstneigh[i][jj] & NEIGHMASK;
      const double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
      if (!trim || dx * dx + dy * dy + dz * dz <= limit) neighbours.push_back(j + 1);
    }
    neighbour_counts[ii] = static_cast<int>(neighbours.size() - before);
  }
}

Atoms PairQuip::gather_atoms()
{
  const int n = atom->nlocal + atom->nghost;
  atomic_numbers.resize(n);
  for (int i = 0; i < n; i++) atomic_numbers[i] = type_numbers[atom->type[i]];
  Atoms atoms;
  atoms.n_local = atom->nlocal;
  atoms.n_ghost = atom->nghost;
  atoms.atomic_numbers = atomic_numbers.data();
  atoms.tags = atom->tag;
  atoms.positions = n > 0 ? &atom->x[0][0] : nullptr;
  const double lattice[9] = {domain->xprd, 0.0,        0.0,        domain->xy,  domain->yprd,
                             0.0,          domain->xz, domain->yz, domain->zprd};
  std::memcpy(atoms.lattice, lattice, sizeof lattice);
  atoms.n_centres = list->inum;
  atoms.centres = list->ilist;
  atoms.neighbour_counts = neighbour_counts.data();
  atoms.neighbours = &neighbours;
  return atoms;
}

void PairQuip::add_forces()
{
  double **f = atom->f;
  const int n = atom->nlocal + atom->nghost;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 3; k++) f[i][k] += scale * result.forces[3 * i + k];
}

// LAMMPS orders a virial xx, yy, zz, xy, xz, yz; QUIP's nine components are made symmetric.
static void add_virial(double *sum, const double *v, double scale)
{
  const double symmetric[6] = {v[0], v[4], v[8], 0.5 * (v[1] + v[3]), 0.5 * (v[2] + v[6]), 0.5 * (v[5] + v[7])};
  for (int k = 0; k < 6; k++) sum[k] += scale * symmetric[k];
}

void PairQuip::tally()
{
  const int n = atom->nlocal + atom->nghost;
  if (eflag_global) eng_vdwl += scale * result.energy;
  if (eflag_atom)
    for (int i = 0; i < n; i++) eatom[i] += scale * result.atom_energies[i];
  if (vflag_global) add_virial(virial, result.virial, scale);
  if (vflag_atom)
    for (int i = 0; i < n; i++) add_virial(vatom[i], &result.atom_virials[9 * i], scale);
}

void *PairQuip::extract(const char *name, int &dimension)
{
  dimension = 0;
  return std::strcmp(name, "scale") == 0 ? &scale : nullptr;
}

double PairQuip::memory_usage()
{
  const size_t integers = atomic_numbers.capacity() + neighbour_counts.capacity() + neighbours.capacity();
  const size_t reals = result.atom_energies.capacity() + result.atom_virials.capacity() + result.forces.capacity();
  return Pair::memory_usage() + static_cast<double>(integers * sizeof(int) + reals * sizeof(double));
}

}    // namespace deckgen
