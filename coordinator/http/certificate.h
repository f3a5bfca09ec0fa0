// The certificate that the server shows, and its key.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "pg/asio.h"

namespace jit::http {

// TLS 1.2 and 1.3 with the certificate and its chain, and the key: PEM files. Throws
// std::runtime_error that names the file and says what is wrong with it.
std::shared_ptr<asio::ssl::context> ReadCertificate(const std::string& certificate,
                                                    const std::string& key);

}  // namespace jit::http
