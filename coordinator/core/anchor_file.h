// A file of anchors compared with the chain as it is now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/anchor.h"

namespace jit::core {

// The anchors of one chain in a file, and how many lines were of others.
struct AnchorFile {
  struct Line {
    std::size_t number;
    Anchor anchor;
  };
  std::vector<Line> lines;              // in the order of the file
  std::vector<std::size_t> unreadable;  // numbers of lines that are no anchors
  std::size_t of_other_clusters = 0;    // of this database's name, in another cluster
  std::size_t of_others = 0;
};
AnchorFile ReadAnchors(std::string_view text, const ChainPlace& place, bool any_cluster);

// The chain now: jit.audit_hash_at by seq for every anchor, none where it says NULL.
struct ChainNow {
  std::int64_t head_seq = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> cut_off;  // first and last rows of partitions
  std::vector<std::optional<std::string>> hashes;              // as the file's lines
};

struct AnchorReport {
  struct Finding {
    std::size_t line;
    std::optional<Anchor> anchor;  // none: the line cannot be read
    std::string text;
  };
  std::size_t compared = 0;
  std::size_t cut_off = 0;
  std::vector<Finding> findings;  // in the order of the file
};
// A file without any line for this chain is a finding of its own: nothing was compared.
AnchorReport CompareAnchors(const AnchorFile& file, const ChainNow& now);

}  // namespace jit::core
