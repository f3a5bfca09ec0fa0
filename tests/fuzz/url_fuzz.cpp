// Targets of request lines: what is taken is UTF-8 without NUL, leads nowhere else, and is the same
// again when it is written anew.
#include <cstdint>

#include "check.h"
#include "core/text.h"
#include "http/url.h"

namespace {

bool IsClean(const std::string& text) {
  return jit::core::IsUtf8(text) && text.find('\0') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto url = jit::http::ParseUrl(target);
  if (!url) return 0;
  CHECK(!url->segments.empty());
  std::string again;
  for (const std::string& segment : url->segments) {
    CHECK(IsClean(segment) && segment != "." && segment != "..");
    CHECK(!segment.empty() || url->segments.size() == 1);
    again += "/" + jit::http::PercentEncode(segment);
  }
  char separator = '?';
  for (const auto& [name, value] : url->query) {
    CHECK(IsClean(name) && IsClean(value));
    again += separator + jit::http::PercentEncode(name) + "=" + jit::http::PercentEncode(value);
    separator = '&';
  }
  const auto second = jit::http::ParseUrl(again);
  CHECK(second && second->segments == url->segments && second->query == url->query);
  return 0;
}
