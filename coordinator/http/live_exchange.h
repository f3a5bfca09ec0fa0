// An answer on its way out over a connection. For server.cpp alone: Beast takes long to compile.
#pragma once

#include <fmt/format.h>
#include <poll.h>

#include <functional>
#include <utility>
//
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>

#include "http/exchange.h"
#include "http/head.h"

namespace jit::http {

inline auto Into(boost::system::error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

template <class Stream>
class LiveExchange final : public Exchange {
 public:
  using Decorate = std::function<void(const http::Request&, Response&)>;

  LiveExchange(Request request, Stream& stream, Framing framing, std::chrono::milliseconds timeout,
               const Decorate& decorate)
      : Exchange(std::move(request)),
        stream_(stream),
        framing_(framing),
        timeout_(timeout),
        decorate_(decorate) {}

  Task<void> Send(const Response& response) override {
    begun_ = true;
    Response whole = response;
    decorate_(request(), whole);
    std::string text = HeadOf(whole, framing_, true, {});
    if (!framing_.head_only && !NoBody(whole.status)) text += whole.body;
    co_await Put(std::move(text));
    ended_ = true;
  }

  Task<void> Begin(const Response& head, std::string_view trailers) override {
    begun_ = true;
    // Where nothing else tells the end of the body, the connection's end does.
    framing_.keep_alive = framing_.keep_alive && framing_.chunked;
    Response whole = head;
    decorate_(request(), whole);
    std::string text = HeadOf(whole, framing_, false, trailers);
    co_await Put(std::move(text));
  }

  Task<void> Write(std::string_view piece) override {
    if (piece.empty() || framing_.head_only) co_return;
    std::string text;
    if (framing_.chunked) text = fmt::format("{:x}\r\n", piece.size());
    text += piece;
    if (framing_.chunked) text += "\r\n";
    co_await Put(std::move(text));
  }

  Task<void> End(const Headers& trailers) override {
    ended_ = true;
    if (!framing_.chunked || framing_.head_only) co_return;
    std::string text = "0\r\n";
    for (const auto& [name, value] : trailers.all()) AppendField(text, name, value);
    text += "\r\n";
    co_await Put(std::move(text));
  }

  bool gone() const override {
    if (broken_) return true;
    auto& socket = boost::beast::get_lowest_layer(stream_).socket();
    if (!socket.is_open()) return true;
    pollfd look{socket.native_handle(), POLLRDHUP, 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

  // Whether the answer was left off where nothing but the connection's end says that it is over:
  // that must not look like its end.
  bool must_reset() const { return begun_ && !ended_ && !framing_.chunked; }

  // Whether the connection can carry another request.
  bool reusable() const { return ended_ && !broken_ && framing_.keep_alive; }

 private:
  Task<void> Put(std::string text) {
    boost::system::error_code error;
    boost::beast::get_lowest_layer(stream_).expires_after(timeout_);
    co_await asio::async_write(stream_, asio::buffer(text), Into(error));
    boost::beast::get_lowest_layer(stream_).expires_never();
    if (error) {
      broken_ = true;
      throw Gone();
    }
  }

  Stream& stream_;
  Framing framing_;
  std::chrono::milliseconds timeout_;
  const Decorate& decorate_;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace jit::http
