// The report in its three forms.
#pragma once

#include <string>

#include "core/table.h"
#include "report/model.h"

namespace jit::report {

std::string RenderText(const Report& report, const core::TerminalLook& look);

// One page that needs nothing else: no script, no font, no picture from elsewhere.
std::string RenderHtml(const Report& report);

core::Json RenderJson(const Report& report);

}  // namespace jit::report
