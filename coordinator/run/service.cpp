#include "run/service.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace jit::run {
namespace {

std::string TakeVariable(const char* name) {
  const char* value = std::getenv(name);
  std::string out(value == nullptr ? "" : value);
  ::unsetenv(name);
  return out;
}

template <typename Number>
std::optional<Number> ReadNumber(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Service::Service() : socket_(TakeVariable("NOTIFY_SOCKET")) {
  const std::string pid = TakeVariable("WATCHDOG_PID");
  const auto interval = ReadNumber<std::int64_t>(TakeVariable("WATCHDOG_USEC"));
  const bool ours = pid.empty() || ReadNumber<pid_t>(pid) == ::getpid();
  // Half of what is allowed, as sd_watchdog_enabled(3) advises.
  if (ours && interval && *interval >= 2000)
    watchdog_interval_ = std::chrono::milliseconds{*interval / 2000};
}

void Service::Ready(std::string_view status) const {
  Send(fmt::format("READY=1\nSTATUS={}", status));
}

void Service::Reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  Send(
      fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void Service::Stopping() const { Send("STOPPING=1"); }
void Service::Alive() const { Send("WATCHDOG=1"); }
void Service::Status(std::string_view status) const { Send(fmt::format("STATUS={}", status)); }

void Service::Send(const std::string& message) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // Nobody listening is no reason to stop.
  (void)::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

}  // namespace jit::run
