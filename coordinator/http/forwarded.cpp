#include "http/forwarded.h"

#include <algorithm>

namespace jit::http {
namespace {

bool IsOneOf(const std::vector<std::string>& addresses, const std::string& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

std::vector<std::string> HopsOf(const Request& request) {
  std::vector<std::string> hops;
  for (const auto& [name, value] : request.headers.all()) {
    if (!EqualIgnoringCase(name, "x-forwarded-for")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      std::string_view hop = rest.substr(0, end);
      while (!hop.empty() && hop.front() == ' ') hop.remove_prefix(1);
      while (!hop.empty() && hop.back() == ' ') hop.remove_suffix(1);
      hops.emplace_back(hop);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return hops;
}

}  // namespace

std::string AddressOf(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

void ReadForwarded(Request& request, const std::vector<std::string>& trusted) {
  if (!IsOneOf(trusted, request.peer)) return;
  const std::vector<std::string> hops = HopsOf(request);
  if (const auto scheme = request.headers.Get("x-forwarded-proto"))
    request.secure = EqualIgnoringCase(*scheme, "https");
  // The last address that the proxy did not hear from another proxy of ours.
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(*hop, error);
    if (error) return;
    request.peer = AddressOf(address);
    request.peer_is_local = false;
    if (!IsOneOf(trusted, request.peer)) return;
  }
}

}  // namespace jit::http
