// Secrets of sessions: random, compared without telling how much was right, kept as hashes.
#pragma once

#include <string>
#include <string_view>

namespace jit::api {

// To be called once, before any other; throws std::runtime_error.
void InitSecrets();

// 256 random bits in base64url.
std::string NewSecret();
// For a map's key: whoever reads memory or a log finds no secret.
std::string HashOf(std::string_view secret);
bool SameSecret(std::string_view a, std::string_view b);
// Overwrites what the string held.
void Wipe(std::string& secret);

}  // namespace jit::api
