#include "core/anchor_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace jit::core {

AnchorFile ReadAnchors(std::string_view text, const ChainPlace& place, bool any_cluster) {
  AnchorFile file;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (IsBlank(line)) continue;
    const auto anchor = ParseAnchor(line);
    if (!anchor) {
      file.unreadable.push_back(number);
      continue;
    }
    Belonging belonging = BelongsTo(*anchor, place);
    if (belonging == Belonging::kOtherCluster && any_cluster) belonging = Belonging::kThis;
    if (belonging == Belonging::kThis) {
      file.lines.push_back({number, *anchor});
    } else {
      ++(belonging == Belonging::kOtherCluster ? file.of_other_clusters : file.of_others);
    }
  }
  return file;
}

AnchorReport CompareAnchors(const AnchorFile& file, const ChainNow& now) {
  AnchorReport report;
  for (const std::size_t number : file.unreadable)
    report.findings.push_back({number, std::nullopt, "the line cannot be read"});
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const Anchor& anchor = file.lines[i].anchor;
    const std::int64_t seq = anchor.head.seq;
    const bool cut_off = std::any_of(now.cut_off.begin(), now.cut_off.end(), [&](const auto& ends) {
      return seq >= ends.first && seq <= ends.second;
    });
    const AnchorState state = CompareAnchor(anchor.head, now.hashes[i], now.head_seq, cut_off);
    ++(state == AnchorState::kCutOff ? report.cut_off : report.compared);
    if (IsFinding(state))
      report.findings.push_back({file.lines[i].number, anchor, std::string(Describe(state))});
  }
  std::sort(report.findings.begin(), report.findings.end(),
            [](const auto& a, const auto& b) { return a.line < b.line; });
  if (file.lines.empty()) {
    report.findings.push_back(
        {0, std::nullopt,
         file.of_other_clusters == 0
             ? "no line is of this database"
             : fmt::format("no line is of this cluster; {} are of a database of this name in "
                           "another",
                           file.of_other_clusters)});
  }
  return report;
}

}  // namespace jit::core
