// What the native evaluator covers of the files that gap_fit writes. Whatever is not named here is left to QUIP: a new
// option is never ignored.
#pragma once

#include "gap/model.h"
#include "text/xml_scan.h"

#include <string>

namespace deckgen {

// QUIP's argument string may name the potential and nothing else.
void require_plain_arguments(const std::string &arguments);

// An element of the xml, below the root, and its attributes.
void require_known(const std::string &element, const Attributes &attributes);

// The text of a <descriptor> and gap_fit's number for its covariance: fills in the kind and the options.
void read_descriptor(const std::string &text, const std::string &covariance, GapDescriptor &descriptor);

}    // namespace deckgen
