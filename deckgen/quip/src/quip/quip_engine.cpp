#include "quip/quip_engine.h"

#include <cstdlib>
#include <dlfcn.h>
#include <stdexcept>
#include <sys/resource.h>

namespace deckgen {

namespace {

constexpr size_t message_size = 4096;

// QUIP keeps one potential per process: this engine loaded it last.
const QuipEngine *owner = nullptr;

const char *bridge_name(QuipLink link)
{
  return link == QuipLink::tuned ? "libquipbridge.so" : "libquipbridge_plain.so";
}

std::string folder_of_this_library()
{
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&bridge_name), &info))
    throw std::runtime_error("cannot find the plugin's own folder");
  const std::string file = info.dli_fname;
  return file.substr(0, file.find_last_of('/'));
}

bool is_loaded(const std::string &file)
{
  void *library = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (library) dlclose(library);
  return library != nullptr;
}

// The symbols of QUIP are bound once, when it is loaded: a second way to link it would silently be the first one.
void refuse_other_link(const std::string &folder, QuipLink link)
{
  const QuipLink other = link == QuipLink::tuned ? QuipLink::plain : QuipLink::tuned;
  if (is_loaded(folder + "/" + bridge_name(other)))
    throw std::runtime_error("QUIP is loaded in this process by another engine: "
                             "choose one DECKGEN_QUIP_ENGINE per process");
  if (is_loaded(DECKGEN_QUIP_LIBRARY) && !is_loaded(folder + "/" + bridge_name(link)))
    throw std::runtime_error("quippy is imported in this process: run LAMMPS with pair_style quip in another one");
}

// Sets an environment variable while a library is being loaded, unless the user has set it or `value` is null.
class Default {
 public:
  Default(const char *name_, const char *value) : name(value && !std::getenv(name_) ? name_ : nullptr)
  {
    if (name) setenv(name, value, 1);
  }
  ~Default()
  {
    if (name) unsetenv(name);
  }
  Default(const Default &) = delete;
  Default &operator=(const Default &) = delete;

 private:
  const char *name;
};

// The kernels of OpenBLAS for this processor: the wheel's version knows no recent one, and falls back to those of 2004.
const char *blas_kernels()
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

void *open_library(const std::string &file, int flags)
{
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | flags);
  if (library) return library;
  const char *reason = dlerror();
  throw std::runtime_error("cannot load QUIP: " + (reason ? std::string(reason) : file));
}

void *open_bridge(const std::string &file, QuipLink link)
{
  if (link == QuipLink::plain) return open_library(file, 0);
  const Default kernels("OPENBLAS_CORETYPE", blas_kernels());
  // One evaluation is too small for threads; OpenBLAS heeds OMP_NUM_THREADS as well.
  const Default threads("OPENBLAS_NUM_THREADS", std::getenv("OMP_NUM_THREADS") ? nullptr : "1");
  // QUIP finds its own OpenBLAS before the reference BLAS that liblammps exports.
  return open_library(file, RTLD_DEEPBIND);
}

// QUIP keeps large arrays on the stack, and ends the process without a word where that is small: the limit is raised if
// the system lets us.
void require_stack()
{
  constexpr rlim_t needed = 8 << 20;    // bytes
  rlimit limit = {};
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) return;
  const std::string before = std::to_string(limit.rlim_cur / 1024);
  limit.rlim_cur = needed;
  if (setrlimit(RLIMIT_STACK, &limit) == 0) return;
  throw std::runtime_error(
      "the stack is limited to " + before + " kB, and QUIP needs " + std::to_string(needed / 1024) +
      " kB: run `ulimit -s 8192` (or `ulimit -s unlimited`) first, in the shell or the job script");
}

template <class Function> Function find(void *library, const char *name)
{
  void *symbol = dlsym(library, name);
  if (!symbol) throw std::runtime_error(std::string("the bridge to QUIP lacks ") + name);
  return reinterpret_cast<Function>(symbol);
}

}    // namespace

QuipEngine::QuipEngine(QuipLink link_) : link(link_)
{
  require_stack();
  const std::string folder = folder_of_this_library();
  refuse_other_link(folder, link);
  void *library = open_bridge(folder + "/" + bridge_name(link), link);
  bridge_load = find<quip_bridge_load_function>(library, "quip_bridge_load");
  bridge_evaluate = find<quip_bridge_evaluate_function>(library, "quip_bridge_evaluate");
}

QuipEngine::~QuipEngine()
{
  if (owner == this) owner = nullptr;
}

std::string QuipEngine::description() const
{
  const std::string name = link == QuipLink::tuned ? "quip" : "plain";
  return name + ", QUIP of quippy-ase " DECKGEN_QUIPPY_VERSION;
}

double QuipEngine::load(const std::string &file, const std::string &arguments)
{
  char message[message_size];
  double cutoff = 0.0;
  owner = nullptr;
  if (bridge_load(file.c_str(), arguments.c_str(), &cutoff, message, message_size) != 0)
    throw std::runtime_error("QUIP could not read " + file + ": " + message);
  owner = this;
  forget_previous_atoms();
  return cutoff;
}

// QUIP keeps its atoms between calls as long as their number stays the same, with the cutoff of the potential for which
// they were made. Two evaluations of different size, of atoms without neighbours, make it start afresh.
void QuipEngine::forget_previous_atoms()
{
  for (int n : {2, 1}) {
    const std::vector<int> numbers(n, 1), tags(n, 1), none;
    const std::vector<double> positions(3 * n, 0.0);
    Atoms atoms;
    atoms.n_local = n;
    atoms.atomic_numbers = numbers.data();
    atoms.tags = tags.data();
    atoms.positions = positions.data();
    atoms.lattice[0] = atoms.lattice[4] = atoms.lattice[8] = 1.0;
    atoms.neighbours = &none;
    Evaluation unused;
    try {
      evaluate(atoms, unused);
    } catch (const std::runtime_error &) {
      // A potential may not know hydrogen; its atoms are new all the same.
    }
  }
}

void QuipEngine::evaluate(const Atoms &atoms, Evaluation &result)
{
  if (owner != this)
    throw std::runtime_error("QUIP holds one potential per process, and another pair style has loaded its own since");
  const size_t n = static_cast<size_t>(atoms.n_local) + atoms.n_ghost;
  result.atom_energies.resize(n);
  result.atom_virials.resize(9 * n);
  result.forces.resize(3 * n);
  quip_bridge_atoms given = {};
  given.n_local = atoms.n_local;
  given.n_ghost = atoms.n_ghost;
  given.n_centres = atoms.n_centres;
  given.n_neighbours = static_cast<int>(atoms.neighbours->size());
  given.atomic_numbers = atoms.atomic_numbers;
  given.tags = atoms.tags;
  given.centres = atoms.centres;
  given.neighbour_counts = atoms.neighbour_counts;
  given.neighbours = atoms.neighbours->data();
  given.lattice = atoms.lattice;
  given.positions = atoms.positions;
  const quip_bridge_result wanted = {&result.energy, result.atom_energies.data(), result.virial,
                                     result.atom_virials.data(), result.forces.data()};
  char message[message_size];
  if (bridge_evaluate(&given, &wanted, message, message_size) != 0)
    throw std::runtime_error(std::string("QUIP: ") + message);
}

}    // namespace deckgen
