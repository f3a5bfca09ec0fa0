#include "run/anchor_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/anchor_file.h"

namespace jit::run {
namespace {

// So much of the file's end is looked at for the newest anchor: some thousand lines.
constexpr off_t kTail = 1 << 20;

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string Failure(const char* what) {
  return fmt::format("cannot {}: {}", what, std::strerror(errno));
}

// A new name in a directory is durable when the directory is.
void SyncDirectoryOf(const std::string& path) {
  const File directory(path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)),
                       O_RDONLY | O_DIRECTORY);
  if (directory.open()) ::fsync(directory.fd());
}

// Whether somebody's line was cut short, by a full disk or a crash.
bool EndsInsideLine(int fd, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

std::string AppendAnchor(const std::string& path, const core::Anchor& anchor) {
  // Readable, to see how it ends.
  const File file(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW);
  if (!file.open()) return Failure("open it");
  struct stat state {};
  if (::fstat(file.fd(), &state) != 0) return Failure("look at it");
  if (!S_ISREG(state.st_mode)) return "it is no regular file";
  std::string line = core::FormatAnchor(anchor) + "\n";
  if (EndsInsideLine(file.fd(), state.st_size)) line.insert(0, "\n");
  const ssize_t written = ::write(file.fd(), line.data(), line.size());
  if (written < 0) return Failure("write to it");
  if (static_cast<std::size_t>(written) != line.size()) return "the disk is full";
  if (::fsync(file.fd()) != 0) return Failure("make it durable");
  if (state.st_size == 0) SyncDirectoryOf(path);
  return "";
}

std::optional<core::Anchor> LastAnchor(const std::string& path, const core::ChainPlace& place) {
  const File file(path, O_RDONLY | O_NONBLOCK);
  struct stat state {};
  if (!file.open() || ::fstat(file.fd(), &state) != 0 || !S_ISREG(state.st_mode))
    return std::nullopt;
  const off_t from = std::max<off_t>(state.st_size - kTail, 0);
  std::string tail(static_cast<std::size_t>(state.st_size - from), '\0');
  const ssize_t got = ::pread(file.fd(), tail.data(), tail.size(), from);
  tail.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  // The first line may be half of one; as an anchor it does not count then.
  const core::AnchorFile anchors = core::ReadAnchors(tail, place, false);
  if (anchors.lines.empty()) return std::nullopt;
  return anchors.lines.back().anchor;
}

}  // namespace jit::run
