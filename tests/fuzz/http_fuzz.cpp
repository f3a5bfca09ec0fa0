// Bytes over a socket to a whole server: each answer is one, no request is seen that was not sent
// as one, and what cannot be read ends the connection.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "check.h"
#include "http/server.h"

namespace {

using jit::http::Exchange;
using jit::http::Request;
using jit::http::Response;

// A piece of every kind of answer, by what the request asks for.
jit::Task<void> Answer(Exchange& exchange) {
  const Request& request = exchange.request();
  CHECK(!request.segments.empty() && !request.method.empty());
  CHECK(request.body.size() <= 4096);
  CHECK(request.headers.Count("host") <= 1 && request.headers.Count("content-length") <= 1);
  CHECK(request.headers.Count("transfer-encoding") == 0 ||
        request.headers.Count("content-length") == 0);
  for (const auto& [name, value] : request.headers.all()) {
    CHECK(!name.empty());
    CHECK(value.find_first_of(std::string("\r\n\0", 3)) == std::string::npos);
  }
  Response response{200, "text/plain", {}, request.path};
  for (const auto& [name, value] : request.query) response.headers.Add("X-Echo", value);
  response.headers.Add("X-Cookie", request.Cookie("jit_session").value_or(""));
  if (request.segments[0] == "stream") {
    co_await exchange.Begin(response, "X-End");
    for (int i = 0; i < 3; ++i) co_await exchange.Write(request.body);
    jit::http::Headers trailers;
    trailers.Add("X-End", request.Query("end").value_or(""));
    co_await exchange.End(trailers);
    co_return;
  }
  if (request.segments[0] == "fail") throw std::runtime_error("a mistake");
  if (request.segments[0] == "half") {
    co_await exchange.Begin(response, "");
    co_return;
  }
  if (request.segments[0] == "none") response.status = 204;
  co_await exchange.Send(response);
}

// One server for all inputs.
struct Place {
  Place() {
    jit::http::Settings settings;
    settings.host = "127.0.0.1";
    settings.max_header = 1024;
    settings.max_body = 4096;
    settings.client_timeout = std::chrono::milliseconds{200};
    settings.keep_alive = std::chrono::milliseconds{200};
    settings.trusted_proxies = {"127.0.0.1"};
    jit::http::Server::Callbacks callbacks;
    callbacks.handle = Answer;
    callbacks.decorate = [](const jit::http::Request&, jit::http::Response&) {};
    callbacks.refuse = [](int status, std::string_view why) {
      return Response{status, "text/plain", {}, std::string(why)};
    };
    callbacks.failed = [](const std::string& error) { CHECK(error == "a mistake"); };
    server = std::make_unique<jit::http::Server>(reactor, settings, callbacks);
    server->Start();
  }

  jit::asio::io_context reactor;
  std::unique_ptr<jit::http::Server> server;
};

int Connect(std::uint16_t port) {
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  CHECK(client >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  return client;
}

// No answer holds a header that an echo smuggled in.
void Look(const std::string& received) {
  CHECK(received.find("\r\nInjected:") == std::string::npos);
  CHECK(received.empty() || received.starts_with("HTTP/1.1 "));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Place& place = *new Place;  // lives as long as the process
  if (size > 16'384) return 0;
  const int client = Connect(place.server->port());
  // All that fits at once; then the client says no more.
  for (std::size_t sent = 0; sent < size;) {
    const ssize_t now = ::send(client, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now <= 0) break;
    sent += static_cast<std::size_t>(now);
  }
  ::shutdown(client, SHUT_WR);
  std::string received;
  const auto deadline = jit::Clock::now() + std::chrono::seconds{5};
  bool over = false;
  while (!over) {
    CHECK(jit::Clock::now() < deadline);  // nobody is kept waiting for ever
    place.reactor.restart();
    place.reactor.run_for(std::chrono::milliseconds{1});
    std::array<char, 4096> piece{};
    while (true) {
      const ssize_t got = ::recv(client, piece.data(), piece.size(), MSG_DONTWAIT);
      if (got > 0) received.append(piece.data(), static_cast<std::size_t>(got));
      if (got > 0) continue;
      over = got == 0 || (errno != EAGAIN && errno != EINTR);
      break;
    }
  }
  ::close(client);
  while (place.server->connections() > 0) {
    CHECK(jit::Clock::now() < deadline);
    place.reactor.restart();
    place.reactor.run_for(std::chrono::milliseconds{1});
  }
  Look(received);
  return 0;
}
