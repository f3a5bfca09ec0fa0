#include "run/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>

#include "run/log.h"

namespace jit::run {
namespace {

// After this, what is in flight is left to the database: nothing is lost by it.
constexpr std::chrono::seconds kLongestStop{5};
// A resolver that hangs must not keep the process.
constexpr std::chrono::seconds kLongestJoin{1};

TargetSettings SettingsFor(const config::Config& config, const config::Target& target) {
  return {target, config.connect_timeout, config.query_timeout, config.reconnect_min,
          config.reconnect_max};
}

}  // namespace

Daemon::Daemon(std::string config_path, config::Config config, Overrides overrides)
    : config_path_(std::move(config_path)),
      config_(std::move(config)),
      overrides_(std::move(overrides)) {}

void Daemon::Run() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.add(SIGHUP);
  std::signal(SIGPIPE, SIG_IGN);
  ApplyLog();
  if (const std::string error = ApplyApi(); !error.empty()) throw std::runtime_error(error);
  Apply();
  Log(Level::kInfo, "starting",
      {{"version", JIT_VERSION},
       {"config", config_path_},
       {"targets", fmt::to_string(targets_.size())}});
  AwaitSignal();
  KeepAlive();
  reactor_.run();
  finished_.set_value();
  if (last_call_.joinable()) last_call_.join();
  Log(Level::kInfo, "stopped");
  pool_.stop();
  auto joined = std::async(std::launch::async, [this] {
    pool_.join();
    if (api_) api_->Join();
  });
  if (joined.wait_for(kLongestJoin) != std::future_status::ready) std::_Exit(0);
}

// Makes the running loops those of the configuration; one whose settings are the same is left
// alone.
void Daemon::Apply() {
  for (auto it = targets_.begin(); it != targets_.end();) {
    const config::Target* wanted = config_.Find(it->first);
    if (wanted != nullptr && SettingsFor(config_, *wanted) == it->second->settings()) {
      ++it;
      continue;
    }
    it->second->Stop();
    leaving_.push_back(std::move(it->second));
    it = targets_.erase(it);
  }
  for (const config::Target& target : config_.targets) {
    if (targets_.contains(target.name)) continue;
    auto loop = std::make_shared<TargetLoop>(
        reactor_, pool_, SettingsFor(config_, target), [this] { TargetChanged(); }, *this);
    targets_.emplace(target.name, loop);
    loop->Start();
  }
}

void Daemon::ApplyLog() {
  SetUpLog(overrides_.log_level.empty() ? config_.log_level : overrides_.log_level,
           overrides_.log_format.empty() ? config_.log_format : overrides_.log_format);
}

std::string Daemon::ApplyApi() {
  try {
    if (!config_.api) {
      if (!api_) return {};
      api_->Stop();
      stopped_apis_.push_back(std::move(api_));
    } else if (api_) {
      return api_->Reload(config_);
    } else {
      api_ = std::make_unique<api::Api>(reactor_, pool_, config_,
                                        api::Api::Surroundings{[this] { return Health(); }});
    }
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::vector<api::TargetHealth> Daemon::Health() const {
  std::vector<api::TargetHealth> out;
  for (const auto& [name, loop] : targets_) {
    out.push_back({name, loop->tried(), loop->connected(), loop->database(), loop->last_error(),
                   loop->since()});
  }
  return out;
}

void Daemon::Notified(const std::string& target) {
  if (api_) api_->Notified(target);
}
void Daemon::Moved(const std::string& target, const std::string& event) {
  if (api_) api_->metrics().RequestMoved(target, event);
}
void Daemon::Pushed(const std::string& target, std::chrono::nanoseconds took) {
  if (api_) api_->metrics().Pushed(target, took);
}
void Daemon::LookedForEnded(const std::string& target, std::chrono::nanoseconds took) {
  if (api_) api_->metrics().Revoked(target, took);
}
void Daemon::ListenLag(const std::string& target, std::chrono::nanoseconds lag) {
  if (api_) api_->metrics().ListenLag(target, lag);
}
void Daemon::OpenRequests(const std::string& target, const std::string& status,
                          std::int64_t count) {
  if (api_) api_->metrics().Requests(target, status, count);
}
void Daemon::ChainHead(const std::string& target, std::int64_t seq) {
  if (api_) api_->metrics().ChainHead(target, seq);
}
void Daemon::Connected(const std::string& target, bool connected) {
  if (api_) api_->metrics().TargetUp(target, connected);
}
void Daemon::Failed(const std::string& target) {
  if (api_) api_->metrics().TargetError(target);
}

void Daemon::Reload() {
  service_.Reloading();
  config::Loaded loaded = config::Load(config_path_);
  if (loaded.errors.empty() && loaded.config.targets.empty())
    loaded.errors.push_back({0, "no targets"});
  for (const core::FileError& error : loaded.errors) {
    Log(Level::kError, "configuration not reloaded",
        {{"error", core::FormatFileError(config_path_, error)}});
  }
  if (loaded.errors.empty()) {
    config_ = std::move(loaded.config);
    ApplyLog();
    Apply();
    if (const std::string error = ApplyApi(); !error.empty())
      Log(Level::kError, "HTTP as before", {{"error", error}});
    Log(Level::kInfo, "configuration reloaded", {{"targets", fmt::to_string(targets_.size())}});
  }
  service_.Ready(Summary());
}

void Daemon::Stop() {
  if (stopping_) return;
  stopping_ = true;
  service_.Stopping();
  Log(Level::kInfo, "stopping");
  watchdog_.cancel();
  if (api_) api_->Stop();
  for (const auto& [name, loop] : targets_) loop->Stop();
  // By a thread, which does not keep the reactor going as a timer would: what waits for a server
  // that hangs may be a target's or a caller's.
  last_call_ = std::thread([this] {
    if (finished_.get_future().wait_for(kLongestStop) == std::future_status::ready) return;
    Log(Level::kWarning, "left what did not finish in time to the database");
    reactor_.stop();
  });
  TargetChanged();
}

void Daemon::AwaitSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      if (!stopping_) Reload();
    } else {
      Stop();
    }
    if (!stopping_) AwaitSignal();
  });
}

void Daemon::KeepAlive() {
  if (!service_.watchdog_interval() || stopping_) return;
  service_.Alive();
  watchdog_.expires_after(*service_.watchdog_interval());
  watchdog_.async_wait([this](const boost::system::error_code& error) {
    if (!error) KeepAlive();
  });
}

void Daemon::TargetChanged() {
  std::erase_if(leaving_, [](const auto& loop) { return loop->ended(); });
  const auto all = [&](auto what) {
    return std::all_of(targets_.begin(), targets_.end(),
                       [&](const auto& entry) { return what(*entry.second); });
  };
  if (stopping_) {
    if (leaving_.empty() && all([](const TargetLoop& t) { return t.ended(); })) signals_.cancel();
    return;
  }
  if (ready_) {
    TellStatus();
    return;
  }
  if (!all([](const TargetLoop& t) { return t.tried(); })) return;
  ready_ = true;
  service_.Ready(Summary());
  const auto connected = std::count_if(targets_.begin(), targets_.end(),
                                       [](const auto& entry) { return entry.second->connected(); });
  Log(Level::kInfo, "ready",
      {{"targets", fmt::to_string(targets_.size())}, {"connected", fmt::to_string(connected)}});
}

void Daemon::TellStatus() {
  std::string status = Summary();
  if (status == told_status_) return;
  service_.Status(status);
  told_status_ = std::move(status);
}

std::string Daemon::Summary() const {
  const auto connected = std::count_if(targets_.begin(), targets_.end(),
                                       [](const auto& entry) { return entry.second->connected(); });
  return fmt::format("watching {} of {} targets", connected, targets_.size());
}

}  // namespace jit::run
