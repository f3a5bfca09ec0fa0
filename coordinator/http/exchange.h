// One request and its answer, whole or piece by piece, as a handler sees them.
#pragma once

#include <stdexcept>

#include "http/message.h"
#include "pg/asio.h"

namespace jit::http {

// The client has gone, or takes nothing: there is nobody to answer.
class Gone : public std::runtime_error {
 public:
  Gone() : std::runtime_error("the client has gone") {}
};

class Exchange {
 public:
  explicit Exchange(Request request) : request_(std::move(request)) {}
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  // Whether anything of an answer was sent.
  bool begun() const { return begun_; }

  // Each throws Gone. What is passed must live until the task is done.
  virtual Task<void> Send(const Response& response) = 0;
  // The head, without a body: Write and End follow. `trailers` names the fields that End may add.
  virtual Task<void> Begin(const Response& head, std::string_view trailers) = 0;
  virtual Task<void> Write(std::string_view piece) = 0;
  virtual Task<void> End(const Headers& trailers) = 0;

  // Whether the client has closed its side; looked at, not waited for.
  virtual bool gone() const = 0;

 protected:
  bool begun_ = false;

 private:
  Request request_;
};

}  // namespace jit::http
