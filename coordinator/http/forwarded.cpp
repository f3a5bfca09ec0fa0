#include "http/forwarded.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>

namespace jit::http {
namespace {

using boost::system::error_code;

// Each an address or a network, "10.0.0.0/8".
bool IsTrusted(const std::vector<std::string>& trusted, const asio::ip::address& address) {
  const std::string text = AddressOf(address);
  return std::any_of(trusted.begin(), trusted.end(), [&](const std::string& one) {
    if (one.find('/') == std::string::npos) return one == text;
    error_code error;
    const asio::ip::address plain = asio::ip::make_address(text, error);
    if (error) return false;
    if (plain.is_v4()) {
      const auto network = asio::ip::make_network_v4(one, error);
      const auto host = asio::ip::network_v4(plain.to_v4(), network.prefix_length());
      return !error && host.canonical() == network.canonical();
    }
    const auto network = asio::ip::make_network_v6(one, error);
    const auto host = asio::ip::network_v6(plain.to_v6(), network.prefix_length());
    return !error && host.canonical() == network.canonical();
  });
}

// Some proxies write the client's port behind it.
std::optional<asio::ip::address> AddressOfHop(std::string_view hop) {
  if (hop.starts_with('[')) {
    hop = hop.substr(1, std::min(hop.find(']'), hop.size()) - 1);
  } else if (std::count(hop.begin(), hop.end(), ':') == 1) {
    hop = hop.substr(0, hop.find(':'));
  }
  error_code error;
  const auto address = asio::ip::make_address(std::string(hop), error);
  if (error) return std::nullopt;
  return address;
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

void ReadForwarded(Request& request, const asio::ip::address& peer,
                   const std::vector<std::string>& trusted) {
  if (!IsTrusted(trusted, peer)) return;
  const std::vector<std::string> hops = HopsOf(request);
  if (const auto scheme = request.headers.Get("x-forwarded-proto"))
    request.secure = EqualIgnoringCase(*scheme, "https");
  // The last address that the proxy did not hear from another proxy of ours.
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = AddressOfHop(*hop);
    if (!address) return;
    request.peer = AddressOf(*address);
    request.peer_is_local = false;
    if (!IsTrusted(trusted, *address)) return;
  }
}

}  // namespace jit::http
