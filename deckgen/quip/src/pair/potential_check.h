// Checks a potential before QUIP reads it: QUIP ends the process on some faults and explains others poorly.
#pragma once

#include <string>

namespace deckgen {

// Throws std::runtime_error, naming the file and the fault, if the xml is missing or not well formed, if it does not hold
// the label that QUIP's arguments ask for, or if a file of sparse points is missing or too short. gapfile.py checks more,
// but a deck may be run by a plain `lmp`, without Python; gap/model.cpp reads what this has passed.
void check_potential(const std::string &file, const std::string &arguments);

}    // namespace deckgen
