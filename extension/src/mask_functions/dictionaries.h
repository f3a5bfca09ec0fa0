// What pseudonyms are made of.

#pragma once

#include <cstddef>

namespace jit::mask_functions {

struct Dictionary {
  const char* const* words;
  size_t count;
};

extern const Dictionary kFirstNames;
extern const Dictionary kLastNames;
extern const Dictionary kCities;
extern const Dictionary kStreets;
extern const Dictionary kCompanies;

}  // namespace jit::mask_functions
