#include "client/api.h"

#include <fmt/format.h>

#include "client/error.h"
#include "client/problem.h"
#include "core/json_text.h"

namespace jit::client {

using core::Json;

Api::Api(HttpSettings settings, std::string target)
    : http_(std::move(settings)),
      target_(std::move(target)),
      now_(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())) {}

Json Api::Get(const std::string& path, const Parameters& parameters) {
  std::string whole = path;
  char before = '?';
  for (const auto& [name, value] : parameters) {
    if (!value) continue;
    whole += fmt::format("{}{}={}", before, name, Escape(*value));
    before = '&';
  }
  return Call("GET", whole, std::nullopt);
}

Json Api::Post(const std::string& path, const Json& body) {
  return Call("POST", path, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json Api::Delete(const std::string& path) { return Call("DELETE", path, std::nullopt); }

Json Api::Call(const std::string& method, const std::string& path,
               const std::optional<std::string>& body) {
  std::vector<std::string> headers{"Accept: application/json, application/problem+json"};
  if (body) headers.emplace_back("Content-Type: application/json");
  if (!target_.empty()) headers.push_back("Jit-Target: " + target_);
  const HttpResponse response = http_.Send(method, "/api/v1" + path, headers, body);
  if (const std::time_t date = curl_getdate(response.date.c_str(), nullptr); date > 0)
    now_ = core::Instant{std::chrono::seconds{date}};
  if (response.status < 200 || response.status > 299)
    Refuse(response.status, response.content_type, response.body);
  if (response.status == 204) return nullptr;
  Json json = core::ParseJson(response.body);
  if (!json.is_object()) Refuse(response.status, "", "");
  return json;
}

}  // namespace jit::client
