// The daemon: the loops of all targets in one reactor, signals, reloading, and what systemd is
// told.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/signal_set.hpp>

#include "api/api.h"
#include "config/config.h"
#include "run/service.h"
#include "run/target.h"

namespace jit::run {

// What flags and environment say over the file, also after a reload; empty = the file's.
struct Overrides {
  std::string log_level;
  std::string log_format;
};

class Daemon final : public Observer {
 public:
  Daemon(std::string config_path, config::Config config, Overrides overrides);

  // Until SIGTERM or SIGINT.
  void Run();

 private:
  void ApplyLog();
  void Apply();
  // Starts, changes or ends what serves HTTP. What is wrong, empty if nothing.
  std::string ApplyApi();
  std::vector<api::TargetHealth> Health() const;

  void Notified(const std::string& target) override;
  void Moved(const std::string& target, const std::string& event) override;
  void Pushed(const std::string& target, std::chrono::nanoseconds took) override;
  void LookedForEnded(const std::string& target, std::chrono::nanoseconds took) override;
  void ListenLag(const std::string& target, std::chrono::nanoseconds lag) override;
  void OpenRequests(const std::string& target, const std::string& status,
                    std::int64_t count) override;
  void ChainHead(const std::string& target, std::int64_t seq) override;
  void Connected(const std::string& target, bool connected) override;
  void Failed(const std::string& target) override;

  void Reload();
  void Stop();
  void AwaitSignal();
  void KeepAlive();
  void TargetChanged();
  void TellStatus();
  std::string Summary() const;

  std::string config_path_;
  config::Config config_;
  Overrides overrides_;
  Service service_;
  asio::io_context reactor_{1};
  asio::thread_pool pool_{8};  // steps of connecting that may block, resolving names
  asio::signal_set signals_{reactor_};
  asio::steady_timer watchdog_{reactor_};
  std::thread last_call_;        // from Stop on: ends the reactor if nothing else does
  std::promise<void> finished_;  // the reactor has ended
  std::map<std::string, std::shared_ptr<TargetLoop>> targets_;
  std::vector<std::shared_ptr<TargetLoop>> leaving_;
  std::unique_ptr<api::Api> api_;                        // null: no HTTP is served
  std::vector<std::unique_ptr<api::Api>> stopped_apis_;  // what still runs in them may look back
  std::string told_status_;
  bool ready_ = false;
  bool stopping_ = false;
};

}  // namespace jit::run
