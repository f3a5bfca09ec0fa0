#include "client/token.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "client/error.h"

namespace jit::client {
namespace {

constexpr std::size_t kLength = 47;
constexpr std::size_t kLongestFile = 1000;

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

bool LooksLikeToken(std::string_view text) {
  return text.size() == kLength && text.starts_with("jit_") &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
             std::string_view::npos;
}

std::string TokenOf(std::string_view text, const std::string& place) {
  static constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first != std::string_view::npos)
    text = text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
  if (!LooksLikeToken(text)) {
    throw Error(core::ExitCode::kUsage, fmt::format("{} does not hold a token", place),
                "A token is jit_ and 43 characters; `jit-coordinator token create` makes one.");
  }
  return std::string(text);
}

std::string ReadTokenFile(const std::string& path) {
  const File file(path);
  struct stat status {};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) {
    throw Error(core::ExitCode::kUsage,
                fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  }
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Error(core::ExitCode::kUsage, fmt::format("{}: others may read or change it", path),
                fmt::format("chmod 600 {}; and revoke the token if they might have read it", path));
  }
  std::array<char, kLongestFile> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t more = ::read(file.fd(), buffer.data() + size, buffer.size() - size);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) {
      throw Error(core::ExitCode::kUsage,
                  fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
    }
    if (more == 0) break;
    size += static_cast<std::size_t>(more);
  }
  return TokenOf(std::string_view(buffer.data(), size), path);
}

}  // namespace jit::client
