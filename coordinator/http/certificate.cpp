#include "http/certificate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace jit::http {
namespace {

namespace ssl = asio::ssl;
using boost::system::error_code;

// OpenSSL says neither which file it was nor that it cannot be opened.
void RequireRead(const std::string& file, const error_code& error) {
  if (!error) return;
  const bool readable = ::access(file.c_str(), R_OK) == 0;
  const std::string why = readable ? error.message() : std::generic_category().message(errno);
  throw std::runtime_error(fmt::format("{}: {}", file, why));
}

}  // namespace

std::shared_ptr<ssl::context> ReadCertificate(const std::string& certificate,
                                              const std::string& key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  error_code error;
  context->use_certificate_chain_file(certificate, error);
  RequireRead(certificate, error);
  context->use_private_key_file(key, ssl::context::pem, error);
  RequireRead(key, error);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    throw std::runtime_error("the key does not belong to the certificate");
  return context;
}

}  // namespace jit::http
