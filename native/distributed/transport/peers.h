#pragma once

#include <string>
#include <vector>

namespace gptorch {

/// A rank as the others know it.
struct Peer {
  int rank = 0;
  int process = 0;
  /// Host, boot and process namespace: where two agree, each sees the other's process.
  std::string machine;

  /// This process. `rank` is its rank.
  static Peer self(int rank);
  /// "process machine", as `parse` reads it.
  std::string text() const;
  static Peer parse(int rank, const std::string& text);
};

/// All ranks of a group: says which of them are no more.
class Peers {
 public:
  Peers() = default;
  Peers(int ownRank, std::vector<Peer> all);

  /// "rank 1 (process 4321)" and what of it is known to be gone, after a connection broke: a process that ends closes
  /// its connections a moment before it is gone.
  std::string describeLost() const;

 private:
  int ownRank_ = 0;
  std::vector<Peer> all_;
};

}  // namespace gptorch
