// Whose request it is that a proxy has passed on.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "http/message.h"
#include "pg/asio.h"

namespace jit::http {

// As text; IPv4 that comes mapped into IPv6 as the IPv4 that it is.
std::string AddressOf(const asio::ip::address& address);

// Where the peer is a trusted proxy (addresses, or networks such as "10.0.0.0/8"): the request's
// peer becomes the last address of X-Forwarded-For that is none, and X-Forwarded-Proto says whether
// it came in over TLS. From anybody else the two count for nothing.
void ReadForwarded(Request& request, const asio::ip::address& peer,
                   const std::vector<std::string>& trusted);

}  // namespace jit::http
