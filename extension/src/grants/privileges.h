// The privileges a grant can carry, as the bits of jit.grants.privilege_mask.
// Plain C++: usable with and without the server's headers.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace jit {

using PrivilegeMask = uint32_t;

inline constexpr PrivilegeMask kSelect = 1u << 0;
inline constexpr PrivilegeMask kInsert = 1u << 1;
inline constexpr PrivilegeMask kUpdate = 1u << 2;
inline constexpr PrivilegeMask kDelete = 1u << 3;
inline constexpr PrivilegeMask kExport = 1u << 4;
inline constexpr PrivilegeMask kExplain = 1u << 5;
inline constexpr PrivilegeMask kUnmask = 1u << 6;

// No privilege: set in a need that no grant can ever meet (a system catalog, a foreign table).
inline constexpr PrivilegeMask kNever = 1u << 31;

// What ALL stands for.
inline constexpr PrivilegeMask kAll = kSelect | kInsert | kUpdate | kDelete;

// Those that may carry a column list.
inline constexpr PrivilegeMask kColumnPrivileges = kSelect | kInsert | kUpdate | kUnmask;

struct PrivilegeName {
  PrivilegeMask bit;
  const char* name;
};

// In the order in which they are written out.
inline constexpr PrivilegeName kPrivilegeNames[] = {
    {kSelect, "SELECT"}, {kInsert, "INSERT"},   {kUpdate, "UPDATE"}, {kDelete, "DELETE"},
    {kExport, "EXPORT"}, {kExplain, "EXPLAIN"}, {kUnmask, "UNMASK"},
};

// The bit of a privilege's name in lower case, as the grammar yields it; nothing for an unknown
// name.
constexpr std::optional<PrivilegeMask> PrivilegeFromName(std::string_view lower_name) {
  for (const PrivilegeName& p : kPrivilegeNames) {
    std::string_view name{p.name};
    if (name.size() != lower_name.size()) continue;
    bool same = true;
    for (size_t i = 0; i < name.size(); i++)
      if (static_cast<char>(name[i] | 0x20) != lower_name[i]) same = false;
    if (same) return p.bit;
  }
  return std::nullopt;
}

}  // namespace jit
