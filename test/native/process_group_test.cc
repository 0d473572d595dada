#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "check.h"
#include "distributed/cancellation.h"
#include "distributed/transport/listening_socket.h"
#include "distributed/transport/peers.h"
#include "engine/error.h"

namespace gptorch::test {

namespace {

using std::chrono::milliseconds;

/// One thread waits, as the engine's does; another finishes what it waits for, or cancels. What is written is plain
/// memory, for the thread sanitizer to judge.
void wakesWhoWaits() {
  for (int round = 0; round < 300; ++round) {
    Cancellation cancellation;
    std::atomic<bool> done = false;
    int result = 0;
    const bool cancels = round % 3 == 0;
    std::thread other([&] {
      if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
      if (cancels) return cancellation.cancel();
      result = round;
      done = true;
      cancellation.wake();
    });
    const bool isDone = cancellation.wait([&] { return done.load(); });
    checkEqual(isDone, !cancels);
    if (isDone) checkEqual(result, round);
    other.join();
    checkEqual(cancellation.isCancelled(), cancels);
  }
}

void sleepsUntilCancelled() {
  Cancellation cancellation;
  check(cancellation.sleep(milliseconds(1)), "a sleep that nobody cancels is whole");
  std::thread other([&] { cancellation.cancel(); });
  check(!cancellation.sleep(milliseconds(60'000)), "a cancelled sleep says so");
  other.join();
  check(!cancellation.sleep(milliseconds(60'000)), "and so do later ones");
}

void namesTheProcessThatIsGone() {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const Peer self = Peer::self(0);
  Peer other = self;
  other.rank = 1;
  other.process = child;
  const Peers peers(0, {self, Peer::parse(1, other.text())});
  checkEqual(peers.describeLost(), "lost one of rank 1 (on " + self.machine.substr(0, self.machine.find('/')) + ")");
  kill(child, SIGKILL);
  // Not asked for yet: a zombie has gone.
  checkEqual(peers.describeLost(), "rank 1 (process " + std::to_string(child) + ") is gone");
  waitpid(child, nullptr, 0);
  checkEqual(peers.describeLost(), "rank 1 (process " + std::to_string(child) + ") is gone");
}

void listensOnItsOwnMachineAlone() {
  check(isLoopback("localhost") && isLoopback("127.0.0.1") && isLoopback("::1"), "these are this machine alone");
  check(!isLoopback("0.0.0.0") && !isLoopback("10.0.0.1") && !isLoopback("example.org"), "these are not");
  constexpr uint16_t kPort = 47'311;
  const int socket = listenOn("127.0.0.1", kPort);
  Cancellation cancellation;
  waitForListener("127.0.0.1", kPort, milliseconds(5000), cancellation);
  checkThrows<Error>([] { listenOn("127.0.0.1", kPort); }, "127.0.0.1:47311 is in use by another program");
  close(socket);
  checkThrows<Error>([&] { waitForListener("127.0.0.1", kPort, milliseconds(1), cancellation); },
                     "nobody answers at 127.0.0.1:47311");
}

}  // namespace

std::vector<Test> processGroupTests() {
  return {{"cancellation: whoever waits is woken", wakesWhoWaits},
          {"cancellation: a sleep ends", sleepsUntilCancelled},
          {"peers: the process that is gone is named", namesTheProcessThatIsGone},
          {"listening socket: loopback, taken, nobody there", listensOnItsOwnMachineAlone}};
}

}  // namespace gptorch::test
