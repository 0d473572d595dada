#include "distributed/transport/meeting.h"

#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>
#include <vector>

#include "distributed/transport/listening_socket.h"
#include "engine/error.h"

namespace gptorch {

namespace {

using Clock = std::chrono::steady_clock;

std::vector<uint8_t> bytesOf(const std::string& text) { return {text.begin(), text.end()}; }

std::string textOf(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

[[noreturn]] void fail(const GroupOptions& options, const std::string& message) {
  throw Error(ErrorCode::ProcessGroup, "rank " + std::to_string(options.rank) + ": " + message);
}

c10::intrusive_ptr<c10d::Store> openStore(const GroupOptions& options, Cancellation& cancellation) {
  c10d::TCPStoreOptions tcp;
  tcp.port = options.port;
  tcp.isServer = options.rank == 0 && !options.storeIsRunning;
  tcp.waitWorkers = false;
  tcp.timeout = options.joinTimeout;
  // Node has a libuv of its own, whose symbols would take the place of those inside libtorch.
  tcp.useLibUV = false;
  try {
    if (tcp.isServer && isLoopback(options.address)) tcp.masterListenFd = listenOn(options.address, options.port);
    if (!tcp.isServer) waitForListener(options.address, options.port, options.joinTimeout, cancellation);
    return c10::make_intrusive<c10d::PrefixStore>("gptorch/" + options.name,
                                                  c10::make_intrusive<c10d::TCPStore>(options.address, tcp));
  } catch (const Error& error) {
    fail(options, error.what());
  } catch (const std::exception& error) {
    const std::string reason = error.what();
    const std::string where = options.address + ":" + std::to_string(options.port);
    if (reason.find("EADDRINUSE") != std::string::npos) {
      fail(options, "port " + where + " is in use by another program; set MASTER_PORT to a free one");
    }
    fail(options, "no store at " + where + ": " + reason.substr(0, reason.find('\n')));
  }
}

std::string keyOf(int rank) { return "rank/" + std::to_string(rank); }

/// Waits for a rank's key. Polled, so that it can be cancelled.
void waitForRank(const GroupOptions& options, c10d::Store& store, int rank, Clock::time_point deadline,
                 Cancellation& cancellation) {
  auto pause = std::chrono::milliseconds(2);
  while (!store.check({keyOf(rank)})) {
    if (Clock::now() >= deadline) {
      fail(options, "rank " + std::to_string(rank) + " of " + std::to_string(options.size) + " did not join within " +
                        std::to_string(options.joinTimeout.count() / 1000) +
                        " s; it was not started, or with another MASTER_ADDR, MASTER_PORT or WORLD_SIZE");
    }
    if (!cancellation.sleep(pause)) fail(options, "cancelled");
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
}

/// Says who this is, and reads who the others are.
Peers introduce(const GroupOptions& options, c10d::Store& store, Cancellation& cancellation) {
  const auto deadline = Clock::now() + options.joinTimeout;
  const std::string size = std::to_string(options.size);
  if (store.add("taken/" + std::to_string(options.rank), 1) > 1) {
    fail(options, "another process has this RANK; each needs its own, 0 to " + std::to_string(options.size - 1));
  }
  store.set(keyOf(options.rank), bytesOf(size + " " + Peer::self(options.rank).text()));
  std::vector<Peer> all;
  for (int rank = 0; rank < options.size; ++rank) {
    waitForRank(options, store, rank, deadline, cancellation);
    const std::string said = textOf(store.get(keyOf(rank)));
    const size_t space = said.find(' ');
    if (said.substr(0, space) != size) {
      fail(options, "WORLD_SIZE is " + size + " here, but " + said.substr(0, space) + " for rank " +
                        std::to_string(rank) + "; all ranks need the same");
    }
    all.push_back(Peer::parse(rank, said.substr(space + 1)));
  }
  return {options.rank, std::move(all)};
}

}  // namespace

Meeting meet(const GroupOptions& options, Cancellation& cancellation) {
  c10::intrusive_ptr<c10d::Store> store = openStore(options, cancellation);
  Peers peers = introduce(options, *store, cancellation);
  return {std::move(store), std::move(peers)};
}

}  // namespace gptorch
