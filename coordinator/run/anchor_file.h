// The file that anchors go into: only ever longer, a line a write, durable before it counts.
#pragma once

#include <optional>
#include <string>

#include "core/anchor.h"

namespace jit::run {

// What went wrong; empty: the line is on disk. Several daemons may share the file. Blocks.
std::string AppendAnchor(const std::string& path, const core::Anchor& anchor);

// The newest anchor of this chain in the file, looked for from its end; none where there is none or
// the file cannot be read. Blocks.
std::optional<core::Anchor> LastAnchor(const std::string& path, const core::ChainPlace& place);

}  // namespace jit::run
