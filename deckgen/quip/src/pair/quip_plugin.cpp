// What LAMMPS calls when it loads this library: registers pair_style quip.
#include "pair/lammps_plugin.h"
#include "pair/pair_quip.h"

#include "force.h"
#include "lammps.h"

using LAMMPS_NS::LAMMPS;

static void *create_pair(void *lmp)
{
  return static_cast<LAMMPS_NS::Pair *>(new deckgen::PairQuip(static_cast<LAMMPS *>(lmp)));
}

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle,
                                                                         void *register_function)
{
  const LAMMPS *host = static_cast<LAMMPS *>(lmp);
  // Another version of LAMMPS, whose classes have another layout, may find this library through LAMMPS_PLUGIN_PATH.
  if (host->num_ver != DECKGEN_LAMMPS_VERSION) return;
  // A LAMMPS that was built with ML-QUIP keeps its own style.
  if (host->force->pair_map->count("quip") != 0) return;
  lammps_plugin plugin = {};
  plugin.version = host->version;
  plugin.style = "pair";
  plugin.name = "quip";
  plugin.info = "pair_style quip, with QUIP of the quippy-ase wheel";
  plugin.author = "the deckgen developers";
  plugin.creator.v1 = &create_pair;
  plugin.handle = handle;
  reinterpret_cast<plugin_register_function>(register_function)(&plugin, lmp);
}
