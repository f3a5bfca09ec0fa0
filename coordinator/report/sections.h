// The report as tables under headings, from which every form of it is made.
#pragma once

#include <string>
#include <vector>

#include "report/model.h"

namespace jit::report {

struct Section {
  std::string id;  // in JSON, and what a link in the page goes to
  std::string title;
  std::string about;  // a sentence on what is listed
  std::string none;   // instead of an empty table
  core::Table table;
  std::vector<std::string> code = {};  // columns that hold SQL
  std::string more = {};               // what was left out
};
std::vector<Section> Sections(const Report& report);

// A few numbers that stand for the whole.
struct Figure {
  std::string id;
  std::string label;
  std::string value;
  core::Json json;
  core::Style style = core::Style::kPlain;
};
std::vector<Figure> Figures(const Report& report);

// 'audit log intact: …' or what is wrong with it.
std::string ChainSentence(const Chain& chain);
core::Style ChainStyle(const Chain& chain);

// '2026-11-25 14:30'.
std::string Minute(Instant instant);
// '1h30m', to the minute; '45s' below one.
std::string FormatHeld(std::chrono::microseconds held);

}  // namespace jit::report
