#include "client/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "client/error.h"
#include "core/interval.h"

namespace jit::client {
namespace {

constexpr std::size_t kLargestBody = std::size_t{256} << 20;
constexpr std::chrono::milliseconds kConnectTimeout{10'000};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void Append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

// Called by curl, through which no exception may pass. Another size than the given one ends the
// transfer.
std::size_t TakeBody(char* data, std::size_t one, std::size_t count, void* to) noexcept {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + count > kLargestBody) return 0;
  try {
    body.append(data, one * count);
  } catch (...) {
    return 0;
  }
  return one * count;
}

std::string HeaderOf(CURL* handle, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return "";
  return header->value;
}

Error ErrorOf(CURLcode code, const HttpSettings& settings, const char* explanation) {
  const std::string why = *explanation != '\0' ? explanation : curl_easy_strerror(code);
  const std::string& where = settings.url.base;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {core::ExitCode::kTimedOut,
              fmt::format("no answer of {} within {}", where, core::FormatSpan(settings.timeout))};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {core::ExitCode::kUnreachable,
              fmt::format("{} cannot prove that it is who it says: {}", where, why),
              "--ca-file FILE names the certificates to trust."};
    case CURLE_WRITE_ERROR:
      return {core::ExitCode::kFailed, fmt::format("the answer of {} is too large", where),
              "Ask for less: --limit, --since."};
    default:
      return {core::ExitCode::kUnreachable, fmt::format("{} cannot be reached: {}", where, why)};
  }
}

}  // namespace

Http::Http(HttpSettings settings) : settings_(std::move(settings)) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready == CURLE_OK) handle_.reset(curl_easy_init());
  if (!handle_) throw Error(core::ExitCode::kFailed, "libcurl cannot be used");
}

HttpResponse Http::Send(const std::string& method, const std::string& path,
                        const std::vector<std::string>& headers,
                        const std::optional<std::string>& body) {
  CURL* handle = handle_.get();
  curl_easy_reset(handle);  // the connection stays
  List list;
  for (const std::string& header : headers) Append(list, header);
  Append(list, "Authorization: Bearer " + settings_.token);
  const std::string url = settings_.url.base + path;
  HttpResponse response;
  std::array<char, CURL_ERROR_SIZE> explanation{};
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, explanation.data());
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, settings_.url.secure ? "https" : "http");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "jit-coordinator/" JIT_VERSION);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(settings_.timeout, kConnectTimeout).count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response.body);
  // In plain text a proxy of the environment would read the token.
  if (!settings_.url.secure || settings_.url.loopback) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  if (!settings_.ca_file.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (body) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);  // ours ends here
  if (code != CURLE_OK) throw ErrorOf(code, settings_, explanation.data());
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  response.content_type = HeaderOf(handle, "Content-Type");
  response.date = HeaderOf(handle, "Date");
  return response;
}

}  // namespace jit::client
