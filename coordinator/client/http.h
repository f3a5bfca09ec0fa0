// One HTTP call after the other to one server, over one connection where it can be kept (libcurl).
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/url.h"

namespace jit::client {

struct HttpSettings {
  ServerUrl url;
  std::string token;
  std::string ca_file;  // empty = the system's certificates
  std::chrono::milliseconds timeout{30'000};
};

struct HttpResponse {
  long status = 0;
  std::string content_type;
  std::string date;  // as it came; empty where there was none
  std::string body;
};

class Http {
 public:
  explicit Http(HttpSettings settings);

  // Whatever the status. Throws Error where there is no answer; the token is in none of its texts.
  // Redirections are not followed: the token is for this server.
  HttpResponse Send(const std::string& method, const std::string& path,
                    const std::vector<std::string>& headers,
                    const std::optional<std::string>& body);

  const ServerUrl& url() const { return settings_.url; }

 private:
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  HttpSettings settings_;
  std::unique_ptr<CURL, Close> handle_;
};

}  // namespace jit::client
