// Cookies: one is given only where nobody can have slipped in a second of the same name.
#include <cstdint>
#include <set>

#include "check.h"
#include "http/message.h"

// A line of the input is a line of the head: "name: value".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  jit::http::Request request;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.Add(std::string(line.substr(0, colon)),
                        std::string(line.substr(std::min(colon + 1, line.size()))));
  }
  for (const auto& [name, value] : request.headers.all()) {
    CHECK(request.headers.Count(name) >= 1 && request.headers.Get(name).has_value());
  }
  // By another way: every pair of that name, wherever it stands.
  std::set<std::string> values;
  for (const auto& [name, value] : request.headers.all()) {
    if (!jit::http::EqualIgnoringCase(name, "Cookie")) continue;
    std::string all = value + ";";
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = all.find(';', begin);
      std::string pair = all.substr(begin, end - begin);
      begin = end + 1;
      const std::size_t first = pair.find_first_not_of(" \t");
      if (first == std::string::npos) continue;
      pair = pair.substr(first, pair.find_last_not_of(" \t") - first + 1);
      if (pair.starts_with("jit_session=")) values.insert(pair.substr(12));
    }
  }
  const auto cookie = request.Cookie("jit_session");
  CHECK(cookie.has_value() == (values.size() == 1));
  if (cookie) CHECK(*cookie == *values.begin());
  return 0;
}
