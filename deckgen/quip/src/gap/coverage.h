// What the native evaluator covers of the files that gap_fit writes. A potential with anything else in it is left to QUIP:
// an option that is new to us is never ignored. What a descriptor itself covers is in its own file.
#pragma once

#include "gap/model.h"
#include "text/xml_scan.h"

#include <string>

namespace deckgen {

// QUIP's argument string may name the potential and nothing else.
void require_plain_arguments(const std::string &arguments);

// An element of the xml, below the root, and its attributes.
void require_known(const std::string &element, const Attributes &attributes);

// The text of a <descriptor> and gap_fit's number for its covariance: fills in its kind and its options.
void read_descriptor(const std::string &text, const std::string &covariance, GapDescriptor &descriptor);

}    // namespace deckgen
