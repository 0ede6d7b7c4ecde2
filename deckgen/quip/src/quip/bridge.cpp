#include "quip/bridge.h"

#include <cstring>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#define EXPORTED extern "C" __attribute__((visibility("default")))

// QUIP's C interface for LAMMPS, in libPotentials of the quippy-ase wheel.
extern "C" {
int quip_lammps_api_version();
void quip_lammps_potential_initialise(int *handle, int *handle_size, double *cutoff, const char *file, int *file_length,
                                      const char *arguments, int *arguments_length);
void quip_lammps_wrapper(const int *n_local, const int *n_ghost, const int *atomic_numbers, const int *tags,
                         const int *n_centres, const int *n_neighbours, const int *centres, const int *neighbour_counts,
                         const int *neighbours, const double *lattice, const int *handle, const int *handle_size,
                         const double *positions, double *energy, double *atom_energies, double *virial,
                         double *atom_virials, double *forces);
void __error_module_MOD_error_clear_stack();
}

// The Fortran runtime's CLOSE: the head of its parameter block, and room for the rest.
struct fortran_close {
  int flags, unit;
  const char *source_file;
  int source_line;
  char rest[1024];
};
extern "C" void _gfortran_st_close(fortran_close *);

namespace {

// What the Fortran runtime's own errors become. It holds locks while it reports one, so QUIP is not called again.
class RuntimeEnded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

bool has_ended = false;

constexpr int api_version = 1;
std::vector<int> handle;    // QUIP's address of the one potential that it holds

std::string trimmed(const std::string &text)
{
  const char *blanks = " \t\n\r";
  const size_t begin = text.find_first_not_of(blanks);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

// QUIP's message without its traceback of source lines, and cut short: it may quote the whole potential.
std::string reason(const char *text, size_t length)
{
  constexpr size_t longest = 500;
  std::istringstream lines(std::string(text, length));
  std::string line, words;
  while (std::getline(lines, line)) {
    line = trimmed(line);
    if (line.empty() || line.rfind("Traceback", 0) == 0 || line.rfind("File \"", 0) == 0) continue;
    words += (words.empty() ? "" : " ") + line;
  }
  return words.size() > longest ? words.substr(0, longest) + " ..." : words;
}

// Clears what an exception through QUIP leaves behind: its list of errors, and files that it would find open next time.
void tidy_up()
{
  constexpr int first_unit = 7, last_unit = 99;    // QUIP takes the first free one
  __error_module_MOD_error_clear_stack();
  for (int unit = first_unit; unit <= last_unit; ++unit) {
    fortran_close block = {};
    block.unit = unit;
    _gfortran_st_close(&block);
  }
}

// Runs `body`, and turns what QUIP throws through its Fortran frames into a message.
template <class Body> int guarded(char *message, size_t size, Body body)
{
  const auto fail = [&](const std::exception &error) {
    std::strncpy(message, error.what(), size - 1);
    message[size - 1] = '\0';
    return 1;
  };
  try {
    if (has_ended) throw RuntimeEnded("it has ended with a Fortran runtime error: start LAMMPS again");
    body();
    return 0;
  } catch (const RuntimeEnded &error) {
    return fail(error);
  } catch (const std::exception &error) {
    tidy_up();
    return fail(error);
  }
}

void call_wrapper(const quip_bridge_atoms &a, const quip_bridge_result &r)
{
  const int handle_size = static_cast<int>(handle.size());
  quip_lammps_wrapper(&a.n_local, &a.n_ghost, a.atomic_numbers, a.tags, &a.n_centres, &a.n_neighbours, a.centres,
                      a.neighbour_counts, a.neighbours, a.lattice, handle.data(), &handle_size, a.positions, r.energy,
                      r.atom_energies, r.virial, r.atom_virials, r.forces);
}

}    // namespace

// QUIP looks these up to report a fatal error; where quippy_running_ answers false it ends the process instead.
EXPORTED int quippy_running_() { return 1; }

EXPORTED void f90wrap_abort_(const char *text, size_t length) { throw std::runtime_error(reason(text, length)); }

// QUIP's XML reader and the Fortran runtime end the process; found here first, they report an error like all others.
EXPORTED void __m_common_error_MOD_fox_error_base(const char *text, size_t length)
{
  throw std::runtime_error("malformed XML: " + reason(text, length));
}

EXPORTED void __m_common_error_MOD_fox_fatal_base(const char *text, size_t length)
{
  throw std::runtime_error("malformed XML: " + reason(text, length));
}

EXPORTED void _gfortran_stop_string(const char *text, size_t length, int)
{
  throw std::runtime_error("QUIP stopped: " + (text ? reason(text, length) : std::string("no reason given")));
}

EXPORTED void _gfortran_stop_numeric(int code, int)
{
  throw std::runtime_error("QUIP stopped with code " + std::to_string(code));
}

// The C library's `exit`, found here first: the Fortran runtime's way out, after it has printed the reason.
EXPORTED void runtime_exit(int) __asm__("exit");
void runtime_exit(int)
{
  has_ended = true;
  throw RuntimeEnded(
      "Fortran runtime error (its own words are on stderr): a file of the potential cannot be opened, or "
      "holds something else than QUIP reads; copy the potential again, with all of its files");
}

EXPORTED int quip_bridge_load(const char *file, const char *arguments, double *cutoff, char *message, size_t size)
{
  return guarded(message, size, [&] {
    if (quip_lammps_api_version() != api_version)
      throw std::runtime_error("this QUIP speaks another version of its LAMMPS interface");
    int file_length = static_cast<int>(std::strlen(file));
    int arguments_length = static_cast<int>(std::strlen(arguments));
    // QUIP asks for two calls: the first reads the potential and tells the size of its handle, the second fills it.
    int handle_size = 0;
    const auto initialise = [&] {
      quip_lammps_potential_initialise(handle.data(), &handle_size, cutoff, file, &file_length, arguments,
                                       &arguments_length);
    };
    handle.assign(1, 0);
    initialise();
    handle.assign(handle_size, 0);
    initialise();
  });
}

EXPORTED int quip_bridge_evaluate(const quip_bridge_atoms *atoms, const quip_bridge_result *result, char *message,
                                  size_t size)
{
  return guarded(message, size, [&] { call_wrapper(*atoms, *result); });
}
