// What systemd is told (sd_notify's protocol, written out): ready, reloading, stopping, still
// alive.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace jit::run {

class Service {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC, and takes them out of the environment. Without them
  // nothing is sent.
  Service();

  void Ready(std::string_view status) const;
  void Reloading() const;
  void Stopping() const;
  void Alive() const;
  void Status(std::string_view status) const;

  // How often to say Alive; none where nobody watches.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
  void Send(const std::string& message) const;

  std::string socket_;
  std::optional<std::chrono::milliseconds> watchdog_interval_;
};

}  // namespace jit::run
