// Boost.Asio as it is used here. 1.74's awaitable.hpp uses std::exchange without including
// <utility>. g++ 12 miscompiles a co_await inside the condition of an if, a while or ?: (a trap at
// the end of the coroutine): await into a variable, then look at it.
#pragma once

#include <utility>
//
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace jit {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<T>;

using Clock = std::chrono::steady_clock;

}  // namespace jit
