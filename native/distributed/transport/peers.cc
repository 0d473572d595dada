#include "distributed/transport/peers.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

namespace gptorch {

namespace {

std::string hostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string bootId() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

std::string processNamespace() {
  std::array<char, 256> link{};
  return readlink("/proc/self/ns/pid", link.data(), link.size() - 1) > 0 ? link.data() : "";
}

/// Ended, or ended and not yet asked for by its parent.
bool isGone(int process) {
  if (kill(process, 0) != 0 && errno == ESRCH) return true;
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  // "pid (name) state …"; a name may have anything in it.
  const size_t end = line.rfind(')');
  const char state = end != std::string::npos && end + 2 < line.size() ? line[end + 2] : ' ';
  return state == 'Z' || state == 'X';
}

}  // namespace

Peer Peer::self(int rank) { return {rank, getpid(), hostName() + "/" + bootId() + "/" + processNamespace()}; }

std::string Peer::text() const { return std::to_string(process) + " " + machine; }

Peer Peer::parse(int rank, const std::string& text) {
  Peer peer;
  peer.rank = rank;
  std::istringstream(text) >> peer.process >> peer.machine;
  return peer;
}

Peers::Peers(int ownRank, std::vector<Peer> all) : ownRank_(ownRank), all_(std::move(all)) {}

std::string Peers::describeLost() const {
  std::string gone, elsewhere;
  const auto add = [](std::string& list, const Peer& peer, const std::string& detail) {
    list += (list.empty() ? "" : ", ") + ("rank " + std::to_string(peer.rank)) + " (" + detail + ")";
  };
  constexpr int kTries = 20;
  for (int attempt = 0; attempt < kTries && gone.empty(); ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(25));
    for (const Peer& peer : all_) {
      const bool isHere = peer.machine == all_[static_cast<size_t>(ownRank_)].machine;
      if (peer.rank != ownRank_ && isHere && isGone(peer.process)) {
        add(gone, peer, "process " + std::to_string(peer.process));
      }
    }
  }
  if (!gone.empty()) return gone + (gone.find(',') == std::string::npos ? " is gone" : " are gone");
  for (const Peer& peer : all_) {
    if (peer.rank != ownRank_) add(elsewhere, peer, "on " + peer.machine.substr(0, peer.machine.find('/')));
  }
  return "lost one of " + elsewhere;
}

}  // namespace gptorch
