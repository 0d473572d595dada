#include "distributed/transport/listening_socket.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/error.h"

namespace gptorch {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::string endpoint(const std::string& address, uint16_t port) { return address + ":" + std::to_string(port); }

Addresses resolve(const std::string& address, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    throw Error(ErrorCode::ProcessGroup, "MASTER_ADDR " + address + " is not known here: " + gai_strerror(code));
  }
  return {found, freeaddrinfo};
}

}  // namespace

bool isLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.rfind("127.", 0) == 0;
}

int listenOn(const std::string& address, uint16_t port) {
  const Addresses addresses = resolve(address, port);
  int reason = 0;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      reason = errno;
      continue;
    }
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    constexpr int kBacklog = 1024;
    if (bind(socket, each->ai_addr, each->ai_addrlen) == 0 && listen(socket, kBacklog) == 0) return socket;
    reason = errno;
    close(socket);
  }
  if (reason == EADDRINUSE) {
    throw Error(ErrorCode::ProcessGroup,
                "port " + endpoint(address, port) + " is in use by another program; set MASTER_PORT to a free one");
  }
  throw Error(ErrorCode::ProcessGroup, "cannot listen on " + endpoint(address, port) + ": " + std::strerror(reason));
}

void waitForListener(const std::string& address, uint16_t port, std::chrono::milliseconds patience,
                     Cancellation& cancellation) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const Addresses addresses = resolve(address, port);
    int reason = 0;
    for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
      const int socket = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (socket < 0) continue;
      const bool isThere = connect(socket, each->ai_addr, each->ai_addrlen) == 0;
      reason = errno;
      close(socket);
      if (isThere) return;
    }
    if (Clock::now() >= deadline) {
      throw Error(ErrorCode::ProcessGroup,
                  "nobody answers at " + endpoint(address, port) + " (MASTER_ADDR:MASTER_PORT) after " +
                      std::to_string(patience.count() / 1000) + " s: rank 0 was not started, or is elsewhere (" +
                      std::strerror(reason) + ")");
    }
    if (!cancellation.sleep(std::chrono::milliseconds(50))) throw Error(ErrorCode::ProcessGroup, "cancelled");
  }
}

}  // namespace gptorch
