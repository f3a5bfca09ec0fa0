// Whether a browser's request comes from a page of ours, to a name of ours.
#pragma once

#include "config/api_config.h"
#include "http/message.h"

namespace jit::api {

// Where a browser says from which page a request comes: whether that page is ours.
bool OriginIsOurs(const http::Request& request, const config::Api& settings);

// Whether the name that the request was sent to is one that leads here by itself: an address, this
// machine, or public_url. Any other may be a stranger's, made to resolve to us, for a page of
// theirs that would then count as ours. With TLS the certificate has seen to that.
bool HostIsOurs(const http::Request& request, const config::Api& settings);

}  // namespace jit::api
