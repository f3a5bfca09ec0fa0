// The HTTP/1.1 server: accepts, reads requests within their limits, hands them over, and keeps to
// deadlines. All in the reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/exchange.h"

namespace jit::http {

struct Settings {
  std::string host;
  std::uint16_t port = 0;
  std::string certificate;  // PEM files; empty = no TLS
  std::string key;
  std::int64_t max_header = 16 * 1024;
  std::int64_t max_body = 1024 * 1024;
  std::chrono::milliseconds client_timeout{
      30'000};  // to send a request, to take a piece of an answer
  std::chrono::milliseconds keep_alive{75'000};
  std::int64_t max_connections = 4096;
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For counts

  bool secure() const { return !certificate.empty(); }
  bool operator==(const Settings&) const = default;
};

// Answers one request. What it throws is a mistake of ours: logged, and answered with 500 where
// nothing was sent yet.
using Handler = std::function<Task<void>(Exchange&)>;
// Makes the answer to what could not be read as a request.
using Refusal = std::function<Response(int status, std::string_view why)>;

class Server {
 public:
  struct Callbacks {
    Handler handle;
    Refusal refuse;
    std::function<void(const Request&, Response&)> decorate;  // every answer's head
    std::function<void(const std::string& error)> failed;     // a mistake of ours, to be logged
  };

  Server(asio::io_context& reactor, Settings settings, Callbacks callbacks);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and accepts; throws std::runtime_error.
  void Start();
  // Reads the certificate again, for connections made from now on; what is wrong with it, empty if
  // nothing.
  std::string ReloadCertificate();
  // Takes no new connections, and closes those there are.
  void Stop();

  std::uint16_t port() const;
  std::int64_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace jit::http
