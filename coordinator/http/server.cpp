// With live_exchange.h the only file that includes Beast: it takes twenty seconds to compile.
#include "http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <utility>
//
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "http/certificate.h"
#include "http/forwarded.h"
#include "http/live_exchange.h"
#include "http/url.h"

namespace jit::http {

namespace beast = boost::beast;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Plain = beast::tcp_stream;
using Secured = beast::ssl_stream<beast::tcp_stream>;

std::string Text(beast::string_view text) { return {text.data(), text.size()}; }

// Each byte that arrives belongs to one request, as every proxy in front of us would see it.
std::string_view FramingFault(const beast::http::request_header<>& head) {
  using beast::http::field;
  const auto count = [&](field name) {
    const auto range = head.equal_range(name);
    return std::distance(range.first, range.second);
  };
  const auto encodings = count(field::transfer_encoding);
  if (encodings > 0) {
    if (encodings > 1 || count(field::content_length) > 0) return "the body's length is ambiguous";
    if (!beast::iequals(head[field::transfer_encoding], "chunked"))
      return "of the transfer encodings only \"chunked\" is understood";
    if (head.version() != 11) return "transfer encodings are of HTTP/1.1";
  }
  if (count(field::content_length) > 1) return "the body's length is ambiguous";
  if (count(field::host) > 1 || (head.version() == 11 && count(field::host) != 1))
    return "a request has exactly one Host";
  return {};
}

// Anybody may send a body before it is known who they are: all large ones together stay small.
constexpr std::int64_t kSmallBody = 16 * 1024;
constexpr std::int64_t kBodies = 64 * 1024 * 1024;

class Reserved {
 public:
  Reserved(std::int64_t& sum, std::int64_t part) : sum_(sum), part_(part) { sum_ += part_; }
  ~Reserved() { sum_ -= part_; }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;

 private:
  std::int64_t& sum_;
  const std::int64_t part_;
};

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
  State(asio::io_context& r, Settings s, Callbacks c)
      : reactor(r), settings(std::move(s)), callbacks(std::move(c)), acceptor(r), pause(r) {}

  asio::io_context& reactor;
  const Settings settings;
  const Callbacks callbacks;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<ssl::context> tls;
  std::list<Plain*> open;  // each is in its coroutine
  bool stopping = false;
  std::int64_t bodies = 0;  // bytes of large bodies that are being read or worked on

  std::shared_ptr<ssl::context> ReadCertificate() const {
    return http::ReadCertificate(settings.certificate, settings.key);
  }

  Task<void> Accept() {
    while (!stopping) {
      error_code error;
      tcp::socket socket(reactor);
      co_await acceptor.async_accept(socket, Into(error));
      if (stopping) break;
      if (error) {
        // Out of descriptors, as a rule: what is open goes on.
        pause.expires_after(std::chrono::milliseconds{50});
        co_await pause.async_wait(Into(error));
        continue;
      }
      if (static_cast<std::int64_t>(open.size()) >= settings.max_connections) continue;
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(
          reactor,
          [self = shared_from_this(), s = std::move(socket)]() mutable {
            return self->Connected(std::move(s));
          },
          [self = shared_from_this()](const std::exception_ptr& failure) {
            if (!failure) return;
            try {
              std::rethrow_exception(failure);
            } catch (const std::exception& mistake) {
              self->callbacks.failed(mistake.what());
            }
          });
    }
  }

  Task<void> Connected(tcp::socket socket) {
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) co_return;
    Plain plain(std::move(socket));
    const auto place = open.insert(open.end(), &plain);
    const std::shared_ptr<void> leave(nullptr, [&](void*) { open.erase(place); });
    if (!tls) {
      co_await Serve(plain, peer.address());
      co_return;
    }
    const std::shared_ptr<ssl::context> context = tls;  // outlives a reload
    Secured secured(std::move(plain), *context);
    *place = &beast::get_lowest_layer(secured);
    beast::get_lowest_layer(secured).expires_after(settings.client_timeout);
    co_await secured.async_handshake(ssl::stream_base::server, Into(error));
    if (error) co_return;
    co_await Serve(secured, peer.address());
    if (!beast::get_lowest_layer(secured).socket().is_open()) co_return;
    beast::get_lowest_layer(secured).expires_after(std::chrono::seconds{1});
    co_await secured.async_shutdown(Into(error));
  }

  // What the body may come to.
  template <class Parser>
  std::int64_t MostOfBody(const Parser& parser) const {
    if (parser.content_length()) return static_cast<std::int64_t>(*parser.content_length());
    return parser.chunked() ? settings.max_body : 0;
  }

  // One connection's requests, one after the other.
  template <class Stream>
  Task<void> Serve(Stream& stream, asio::ip::address peer) {
    auto& socket = beast::get_lowest_layer(stream);
    beast::flat_buffer buffer(static_cast<std::size_t>(settings.max_header + settings.max_body));
    bool first = true;
    bool cut = false;
    while (!stopping) {
      beast::http::request_parser<beast::http::string_body> parser;
      parser.header_limit(static_cast<std::uint32_t>(settings.max_header));
      parser.body_limit(static_cast<std::uint64_t>(settings.max_body));
      error_code error;
      if (!first && buffer.size() == 0) {
        // Waits for the next request as long as connections are kept, then for all of it.
        socket.expires_after(settings.keep_alive);
        char byte = 0;
        const std::size_t got =
            co_await stream.async_read_some(asio::buffer(&byte, 1), Into(error));
        if (error) break;
        buffer.commit(asio::buffer_copy(buffer.prepare(got), asio::buffer(&byte, got)));
      }
      first = false;
      socket.expires_after(settings.client_timeout);
      co_await beast::http::async_read_header(stream, buffer, parser, Into(error));
      std::string_view fault;
      std::optional<Request> request;
      if (!error) {
        fault = FramingFault(parser.get());
        // Now: later the parser adds the trailers of a chunked body to it, which no proxy has
        // looked at.
        request = MakeRequest(parser.get(), peer);
      }
      if (!error && fault.empty() &&
          parser.get().find(beast::http::field::expect) != parser.get().end()) {
        if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue")) {
          static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
          if (parser.content_length() &&
              *parser.content_length() > static_cast<std::uint64_t>(settings.max_body)) {
            error = beast::http::error::body_limit;
          } else {
            co_await asio::async_write(stream, asio::buffer(kContinue), Into(error));
          }
        } else {
          co_await Refuse(stream, 417, "of expectations only 100-continue is met");
          break;
        }
      }
      std::optional<Reserved> room;
      if (!error && fault.empty()) {
        const std::int64_t most = MostOfBody(parser);
        if (most > kSmallBody && bodies + most > std::max(kBodies, settings.max_body)) {
          co_await Refuse(stream, 503, "too many large bodies at once; try again in a moment");
          break;
        }
        if (most > kSmallBody) room.emplace(bodies, most);
        co_await beast::http::async_read(stream, buffer, parser, Into(error));
      }
      if (!fault.empty()) {
        co_await Refuse(stream, 400, std::string(fault));
        break;
      }
      if (error) {
        co_await RefuseUnread(stream, error);
        break;
      }
      socket.expires_never();

      auto message = parser.release();
      Framing framing;
      framing.keep_alive = message.keep_alive() && !stopping;
      framing.chunked = message.version() == 11;
      framing.head_only = message.method() == beast::http::verb::head;
      if (!request) {
        co_await Refuse(stream, 400, "the request's target is no path that could be meant here");
        break;
      }
      request->body = std::move(message.body());
      LiveExchange<Stream> exchange(std::move(*request), stream, framing, settings.client_timeout,
                                    callbacks.decorate);
      std::string mistake;
      bool left = false;
      try {
        co_await callbacks.handle(exchange);
      } catch (const Gone&) {
        left = true;
      } catch (const std::exception& e) {
        mistake = e.what();
      }
      if (left) {
        cut = exchange.must_reset();
        break;
      }
      if (!mistake.empty()) {
        callbacks.failed(mistake);
        if (!exchange.begun())
          co_await Refuse(stream, 500, "an error of the server's own; its log has it");
        break;
      }
      if (!exchange.reusable()) break;
    }
    error_code ignored;
    if (cut) {
      socket.socket().set_option(asio::socket_base::linger(true, 0), ignored);
      socket.socket().close(ignored);
      co_return;
    }
    socket.socket().shutdown(tcp::socket::shutdown_send, ignored);
    // What the client still sends is read for a moment: closing upon it would take our answer away.
    if (!stopping) co_await Drain(stream);
    socket.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

  template <class Stream>
  Task<void> Drain(Stream& stream) {
    auto& socket = beast::get_lowest_layer(stream);
    if (!socket.socket().is_open()) co_return;
    socket.expires_after(std::chrono::milliseconds{500});
    std::array<char, 4096> rest{};
    error_code error;
    for (int i = 0; i < 4096 && !error; ++i)
      co_await socket.async_read_some(asio::buffer(rest), Into(error));
  }

  // Without its body.
  std::optional<Request> MakeRequest(const beast::http::request_header<>& message,
                                     const asio::ip::address& peer) const {
    const std::string target = Text(message.target());
    auto url = ParseUrl(target);
    if (!url) return std::nullopt;
    Request request;
    request.method = Text(message.method_string());
    request.path = std::move(url->path);
    request.segments = std::move(url->segments);
    request.query = std::move(url->query);
    for (const auto& field : message)
      request.headers.Add(Text(field.name_string()), Text(field.value()));
    request.peer = AddressOf(peer);
    // What a proxy on this machine hands on does not come from this machine.
    request.peer_is_local = (peer.is_loopback() || request.peer.starts_with("127.")) &&
                            request.headers.Count("x-forwarded-for") == 0 &&
                            request.headers.Count("forwarded") == 0;
    request.secure = tls != nullptr;
    ReadForwarded(request, peer, settings.trusted_proxies);
    return request;
  }

  template <class Stream>
  Task<void> RefuseUnread(Stream& stream, error_code error) {
    using Fault = beast::http::error;
    // Anything else is the connection's: there is nobody to tell.
    const bool of_http = error.category() == make_error_code(Fault::end_of_stream).category();
    if (error == Fault::header_limit) {
      co_await Refuse(stream, 431, "the request's head is too large");
    } else if (error == Fault::body_limit) {
      co_await Refuse(stream, 413,
                      fmt::format("the body is larger than {} bytes", settings.max_body));
    } else if (of_http && error != Fault::end_of_stream && error != Fault::partial_message) {
      co_await Refuse(stream, 400, "that is not HTTP/1.1");
    }
  }

  template <class Stream>
  Task<void> Refuse(Stream& stream, int status, std::string why) {
    Response response = callbacks.refuse(status, why);
    callbacks.decorate(Request{}, response);
    std::string text = HeadOf(response, Framing{}, true, {}) + response.body;
    error_code ignored;
    beast::get_lowest_layer(stream).expires_after(settings.client_timeout);
    co_await asio::async_write(stream, asio::buffer(text), Into(ignored));
  }
};

Server::Server(asio::io_context& reactor, Settings settings, Callbacks callbacks)
    : state_(std::make_shared<State>(reactor, std::move(settings), std::move(callbacks))) {}

Server::~Server() { Stop(); }

void Server::Start() {
  State& s = *state_;
  const std::string place = fmt::format("{}:{}", s.settings.host, s.settings.port);
  try {
    if (s.settings.secure()) s.tls = s.ReadCertificate();
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("cannot use the certificate: {}", error.what()));
  }
  try {
    const tcp::endpoint endpoint(asio::ip::make_address(s.settings.host), s.settings.port);
    s.acceptor.open(endpoint.protocol());
    s.acceptor.set_option(tcp::acceptor::reuse_address(true));
    s.acceptor.bind(endpoint);
    s.acceptor.listen(1024);
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("cannot listen on {}: {}", place, error.code().message()));
  }
  asio::co_spawn(
      s.reactor, [state = state_] { return state->Accept(); }, asio::detached);
}

std::string Server::ReloadCertificate() {
  if (!state_->settings.secure()) return {};
  try {
    state_->tls = state_->ReadCertificate();
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void Server::Stop() {
  State& s = *state_;
  if (s.stopping) return;
  s.stopping = true;
  error_code ignored;
  s.acceptor.close(ignored);
  s.pause.cancel();
  for (Plain* stream : s.open) stream->close();
}

std::uint16_t Server::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

std::int64_t Server::connections() const { return static_cast<std::int64_t>(state_->open.size()); }

}  // namespace jit::http
