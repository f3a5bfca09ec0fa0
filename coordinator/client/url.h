// The address of a server: checked before anything secret goes there.
#pragma once

#include <string>
#include <string_view>

namespace jit::client {

struct ServerUrl {
  std::string base;  // 'https://host:port/prefix', without a slash at the end
  bool secure = false;
  bool loopback = false;  // this machine, by its name or number
};

struct ParsedUrl {
  ServerUrl url;
  std::string problem;  // not empty: what is wrong, and the url is not to be used
};
ParsedUrl ParseServerUrl(const std::string& text);

// As one segment of a path, or as a value of a query.
std::string Escape(std::string_view text);

}  // namespace jit::client
