// The server over a socket: one request is one request, and one answer is one answer.
#include "http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace jit::http {
namespace {

using namespace std::chrono_literals;

// Answers with what it was asked, in the forms that there are.
Task<void> Echo(Exchange& exchange) {
  const Request& request = exchange.request();
  Response response{
      200,
      "text/plain",
      {},
      request.method + " " + request.path + " " + request.body + " from " + request.peer};
  response.headers.Add("X-Evil",
                       request.headers.Get("x-evil").value_or("none") == "none" ? "none" : "there");
  response.headers.Add("X-Echo", request.Query("echo").value_or(""));
  if (request.secure) response.headers.Add("X-Secure", "yes");
  if (request.peer_is_local) response.headers.Add("X-Local", "yes");
  if (request.path == "/fail") throw std::runtime_error("a mistake");
  if (request.path == "/stream") {
    co_await exchange.Begin(response, "X-End");
    co_await exchange.Write("one");
    co_await exchange.Write("two");
    Headers trailers;
    trailers.Add("X-End", "yes");
    co_await exchange.End(trailers);
    co_return;
  }
  if (request.path == "/broken") {
    co_await exchange.Begin(response, "");
    co_await exchange.Write("one");
    throw Gone();
  }
  co_await exchange.Send(response);
}

class HttpServer : public testing::Test {
 protected:
  void Start(Settings settings = {}) {
    settings.host = "127.0.0.1";
    if (settings.max_body == Settings{}.max_body) settings.max_body = 1000;
    settings.max_header = 2000;
    Server::Callbacks callbacks;
    callbacks.handle = Echo;
    callbacks.decorate = [](const Request&, Response&) {};
    callbacks.refuse = [](int status, std::string_view why) {
      return Response{status, "text/plain", {}, std::string(why)};
    };
    callbacks.failed = [this](const std::string& error) { mistakes_.push_back(error); };
    server_ = std::make_unique<Server>(reactor_, settings, callbacks);
    server_->Start();
    port_ = server_->port();
    thread_ = std::thread([this] { reactor_.run(); });
  }

  void TearDown() override {
    asio::post(reactor_, [this] { server_->Stop(); });
    thread_.join();
  }

  int Connect(std::chrono::milliseconds patience) const {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
    const timeval timeout{static_cast<time_t>(micros / 1'000'000),
                          static_cast<suseconds_t>(micros % 1'000'000)};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return client;
  }

  // All that comes back until the server closes; what it does not close ends in "(open)", what it
  // resets in "(reset)".
  std::string Ask(const std::string& bytes, std::chrono::milliseconds patience = 5s) {
    const int client = Connect(patience);
    EXPECT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    std::string received;
    std::array<char, 4096> piece{};
    ssize_t got = 0;
    while ((got = ::recv(client, piece.data(), piece.size(), 0)) > 0)
      received.append(piece.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno == EAGAIN) received += "(open)";
    if (got < 0 && errno == ECONNRESET) received += "(reset)";
    ::close(client);
    return received;
  }

  static std::size_t Count(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }

  std::vector<std::string> mistakes_;

 private:
  asio::io_context reactor_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

constexpr const char* kLast = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST_F(HttpServer, requests_are_answered_in_their_order) {
  Start();
  const std::string received =
      Ask(std::string("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n3;x=y\r\nyou\r\n0\r\n\r\n") +
          kLast);
  EXPECT_EQ(Count(received, "HTTP/1.1 200 OK"), 3u);
  EXPECT_LT(received.find("POST /a hi"), received.find("POST /b you"));
  EXPECT_LT(received.find("POST /b you"), received.find("GET /last"));
}

TEST_F(HttpServer, an_answer_that_is_cut_off_does_not_look_whole) {
  Start();
  // Only the connection's end tells the end of the body.
  const std::string received = Ask("GET /broken HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(received.ends_with("(reset)")) << received;
  EXPECT_TRUE(Ask("GET /stream HTTP/1.0\r\n\r\n").ends_with("onetwo"));
}

TEST_F(HttpServer, large_bodies_share_their_room_and_small_ones_need_none) {
  Settings settings;
  settings.max_body = 64 * 1024 * 1024;
  Start(settings);
  const auto with = [](std::size_t length) {
    return "POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
           std::to_string(length) + "\r\n\r\n";
  };
  // Begun, and never ended: what it may become counts.
  const int holder = Connect(5s);
  const std::string head = with(64 * 1024 * 1024) + "x";
  EXPECT_EQ(::send(holder, head.data(), head.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(head.size()));
  std::this_thread::sleep_for(100ms);
  EXPECT_NE(Ask(with(20'000) + std::string(20'000, 'x')).find("HTTP/1.1 503"), std::string::npos);
  EXPECT_NE(Ask(with(10'000) + std::string(10'000, 'x')).find("HTTP/1.1 200"), std::string::npos);
  ::close(holder);
  std::this_thread::sleep_for(100ms);
  EXPECT_NE(Ask(with(20'000) + std::string(20'000, 'x')).find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(HttpServer, trailers_of_a_body_are_no_headers_of_the_request) {
  Start();
  const std::string received =
      Ask("POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nhi\r\n0\r\nX-Evil: 1\r\nX-Evil: 2\r\n\r\n");
  EXPECT_NE(received.find("POST /a hi"), std::string::npos);
  EXPECT_NE(received.find("X-Evil: none"), std::string::npos);
}

TEST_F(HttpServer, behind_a_refusal_nothing_is_read) {
  Start();
  for (const char* fault :
       {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n",
        "GET /../a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\nHost: a\n\n",
        "GET /a HTTP/1.1\r\nHost : a\r\n\r\n", "GET /a\r\n\r\n"}) {
    const std::string received = Ask(std::string(fault) + kLast);
    EXPECT_TRUE(received.starts_with("HTTP/1.1 400 ")) << fault << received;
    EXPECT_EQ(Count(received, "HTTP/1.1 "), 1u) << fault << received;
  }
}

TEST_F(HttpServer, limits_are_told) {
  Start();
  EXPECT_TRUE(Ask("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n")
                  .starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(Ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                  std::string(1001, 'a') + "\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(
      Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
          .starts_with("HTTP/1.1 413 "));
  EXPECT_NE(Ask("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
                std::string(1000, 'a'))
                .find("200 OK"),
            std::string::npos);
}

TEST_F(HttpServer, a_stream_ends_where_it_says) {
  Start();
  const std::string received = Ask(std::string("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n") + kLast);
  EXPECT_NE(received.find("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-End: yes\r\n\r\nHTTP/1.1 200 OK"),
            std::string::npos)
      << received;
}

TEST_F(HttpServer, a_stream_without_chunks_ends_with_the_connection) {
  Start();
  const std::string received =
      Ask("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /last HTTP/1.0\r\nConnection: "
          "keep-alive\r\n\r\n");
  EXPECT_NE(received.find("Connection: close\r\n"), std::string::npos) << received;
  EXPECT_TRUE(received.ends_with("\r\n\r\nonetwo")) << received;
}

TEST_F(HttpServer, an_answer_that_broke_off_has_no_end) {
  Start();
  const std::string received = Ask(std::string("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n") + kLast);
  EXPECT_TRUE(received.ends_with("\r\n\r\n3\r\none\r\n")) << received;
}

TEST_F(HttpServer, no_value_ends_its_line) {
  Start();
  const std::string received =
      Ask("GET /?echo=a%0d%0aInjected:%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(received.find("X-Echo: a  Injected: b\r\n"), std::string::npos) << received;
}

TEST_F(HttpServer, a_mistake_of_ours_tells_nothing_and_ends_the_connection) {
  Start();
  const std::string received = Ask(std::string("GET /fail HTTP/1.1\r\nHost: a\r\n\r\n") + kLast);
  EXPECT_TRUE(received.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(received.find("a mistake"), std::string::npos);
  EXPECT_EQ(Count(received, "HTTP/1.1 "), 1u);
  EXPECT_EQ(mistakes_, std::vector<std::string>{"a mistake"});
}

TEST_F(HttpServer, a_slow_client_is_cut_off) {
  Settings settings;
  settings.client_timeout = 200ms;
  Start(settings);
  for (const char* beginning :
       {"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"})
    EXPECT_EQ(Ask(beginning), "");
}

TEST_F(HttpServer, what_a_stranger_says_of_others_counts_for_nothing) {
  Start();
  const std::string received =
      Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n"
          "Forwarded: for=203.0.113.9;proto=https\r\nX-Real-IP: 203.0.113.9\r\nX-Forwarded-Proto: "
          "https\r\n\r\n");
  EXPECT_TRUE(received.ends_with("from 127.0.0.1")) << received;
  EXPECT_EQ(received.find("X-Secure"), std::string::npos);
}

TEST_F(HttpServer, a_trusted_proxy_says_for_whom_it_asks) {
  Settings settings;
  settings.trusted_proxies = {"127.0.0.1", "10.0.0.1"};
  Start(settings);
  const auto asked_for = [&](const std::string& headers) {
    const std::string received =
        Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + "\r\n");
    return (received.find("X-Local: yes") != std::string::npos ? "local " : "") +
           received.substr(received.rfind(' ') + 1);
  };
  EXPECT_EQ(asked_for("X-Forwarded-For: 203.0.113.9\r\n"), "203.0.113.9");
  // What the client itself wrote stands in front of what the proxies add.
  EXPECT_EQ(asked_for("X-Forwarded-For: 127.0.0.1, 192.0.2.1, 203.0.113.9 , 10.0.0.1\r\n"),
            "203.0.113.9");
  EXPECT_EQ(asked_for("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n"),
            "203.0.113.9");
  EXPECT_EQ(asked_for("X-Forwarded-For: ::ffff:203.0.113.9\r\n"), "203.0.113.9");
  EXPECT_EQ(asked_for(""), "local 127.0.0.1");
}

TEST_F(HttpServer, whom_a_proxy_asks_for_is_never_of_this_machine) {
  Settings settings;
  settings.trusted_proxies = {"127.0.0.1"};
  Start(settings);
  for (const char* who : {"127.0.0.1", "unknown", "203.0.113.9:4711", ""}) {
    const std::string received =
        Ask(std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: ") +
            who + "\r\n\r\n");
    EXPECT_EQ(received.find("X-Local"), std::string::npos) << who;
  }
}

}  // namespace
}  // namespace jit::http
