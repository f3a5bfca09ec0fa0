#include <string_view>

#include "api/api.h"

// Of description.S.
extern "C" const char jit_description_begin[];
extern "C" const char jit_description_end[];

namespace jit::api {

std::string_view Description() {
  return {jit_description_begin,
          static_cast<std::size_t>(jit_description_end - jit_description_begin)};
}

}  // namespace jit::api
