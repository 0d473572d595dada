#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "distributed/cancellation.h"

namespace gptorch {

/// True for names and addresses of this very machine that no other one reaches.
bool isLoopback(const std::string& address);

/// Binds and listens; the caller owns the descriptor. c10d's store alone would listen on every network.
/// Throws Error(ProcessGroup), with words of its own for a port that is in use.
int listenOn(const std::string& address, uint16_t port);

/// Waits until somebody listens there. Throws Error(ProcessGroup) after `patience`.
void waitForListener(const std::string& address, uint16_t port, std::chrono::milliseconds patience,
                     Cancellation& cancellation);

}  // namespace gptorch
