// The audit log by a server's API, page by page.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/source.h"
#include "client/api.h"

namespace jit::cli {

// Where a page says that there is another one.
std::optional<std::string> CursorOf(const core::Json& page);

// The API must outlive the feed.
std::unique_ptr<AuditFeed> OpenServerFeed(client::Api& api, AuditSearch search);

}  // namespace jit::cli
