// Which handler answers which path.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jit::http {

// What stands at the names in braces.
using PathValues = std::map<std::string, std::string, std::less<>>;

template <typename Route>
class Router {
 public:
  // `pattern` such as /api/v1/requests/{id}.
  void Add(std::string method, std::string pattern, Route route) {
    entries_.push_back({std::move(method), Split(pattern), std::move(pattern), std::move(route)});
  }

  struct Found {
    const Route* route = nullptr;  // null: see below
    PathValues values;
    std::vector<std::string> allowed;  // methods of the path; empty = no such path
  };

  // A pattern without braces is preferred. HEAD is answered by GET.
  Found Find(std::string_view method, const std::vector<std::string>& segments) const {
    Found found;
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    std::size_t fewest = 0;
    for (const Entry& entry : entries_) {
      PathValues values;
      if (!Matches(entry.parts, segments, values)) continue;
      found.allowed.push_back(entry.method);
      if (entry.method != wanted) continue;
      if (found.route == nullptr || values.size() < fewest) {
        found.route = &entry.route;
        fewest = values.size();
        found.values = std::move(values);
      }
    }
    return found;
  }

  template <typename Visitor>
  void Visit(const Visitor& visit) const {
    for (const Entry& entry : entries_) visit(entry.method, entry.pattern, entry.route);
  }

 private:
  struct Entry {
    std::string method;
    std::vector<std::string> parts;
    std::string pattern;
    Route route;
  };

  static std::vector<std::string> Split(std::string_view pattern) {
    std::vector<std::string> parts;
    while (!pattern.empty()) {
      pattern.remove_prefix(1);
      const std::size_t end = std::min(pattern.find('/'), pattern.size());
      parts.emplace_back(pattern.substr(0, end));
      pattern.remove_prefix(end);
    }
    return parts;
  }

  static bool Matches(const std::vector<std::string>& parts,
                      const std::vector<std::string>& segments, PathValues& values) {
    if (parts.size() != segments.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string& part = parts[i];
      if (part.size() > 2 && part.front() == '{') {
        values.emplace(part.substr(1, part.size() - 2), segments[i]);
      } else if (part != segments[i]) {
        return false;
      }
    }
    return true;
  }

  std::vector<Entry> entries_;
};

}  // namespace jit::http
