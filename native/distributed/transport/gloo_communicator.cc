#define USE_C10D_GLOO
#include "distributed/transport/gloo_communicator.h"

#include <cstdlib>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <utility>
#include <vector>

#include "distributed/transport/listening_socket.h"
#include "engine/error.h"

namespace gptorch {

namespace {

using c10d::ProcessGroupGloo;

/// "[…/pair.cc:547] Connection closed by peer [127.0.0.1]:4711" without the place in gloo's source, and without a
/// backtrace.
std::string plain(const std::exception& error) {
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch ? torch->what_without_backtrace() : error.what();
  text = text.substr(0, text.find('\n'));
  if (text.rfind('[', 0) == 0 && text.find("] ") != std::string::npos) text = text.substr(text.find("] ") + 2);
  return text.substr(0, text.find(". This "));
}

/// As PyTorch chooses it: GLOO_SOCKET_IFNAME, or this machine's own name; loopback where the ranks meet there.
std::shared_ptr<gloo::transport::Device> makeDevice(const std::string& address) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) {
    return ProcessGroupGloo::createDeviceForInterface(interface);
  }
  return isLoopback(address) ? ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                             : ProcessGroupGloo::createDefaultDevice();
}

class GlooCommunicator final : public Communicator {
 public:
  GlooCommunicator(const GroupOptions& options, Meeting meeting, std::shared_ptr<Cancellation> cancellation)
      : rank_(options.rank),
        timeout_(options.timeout),
        meeting_(std::move(meeting)),
        cancellation_(std::move(cancellation)) {
    auto gloo = ProcessGroupGloo::Options::create(options.timeout);
    try {
      gloo->devices.push_back(makeDevice(options.address));
      group_ = c10::make_intrusive<ProcessGroupGloo>(meeting_.store, options.rank, options.size, std::move(gloo));
    } catch (const std::exception& error) {
      throw failure("connecting", error);
    }
  }

  /// A collective that was left alone still runs on gloo's threads, and the group's destructor would wait for it.
  ~GlooCommunicator() override {
    if (broken_) group_.release();
  }

  void allReduce(at::Tensor& tensor) override {
    std::vector<at::Tensor> tensors = {tensor};
    run("all-reduce", [&] { return group_->allreduce(tensors); });
  }

  void broadcast(at::Tensor& tensor, int root) override {
    c10d::BroadcastOptions options;
    options.rootRank = root;
    std::vector<at::Tensor> tensors = {tensor};
    run("broadcast", [&] { return group_->broadcast(tensors, options); });
  }

  void allGather(at::Tensor& into, at::Tensor& tensor) override {
    std::vector<at::Tensor> inputs = {tensor};
    std::vector<std::vector<at::Tensor>> outputs = {into.unbind(0)};
    run("all-gather", [&] { return group_->allgather(outputs, inputs); });
  }

 private:
  template <typename Begin>
  void run(const char* what, Begin begin) {
    if (broken_)
      throw Error(ErrorCode::ProcessGroup, "rank " + std::to_string(rank_) + ": the group has failed before");
    try {
      const c10::intrusive_ptr<c10d::Work> work = begin();
      const auto future = work->getFuture();
      future->addCallback([cancellation = cancellation_](const auto&) { cancellation->wake(); });
      if (!cancellation_->wait([&] { return future->completed(); })) {
        broken_ = true;
        throw Error(ErrorCode::ProcessGroup, "rank " + std::to_string(rank_) + ": " + what + " was cancelled");
      }
      work->wait();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw failure(what, error);
    }
  }

  Error failure(const std::string& what, const std::exception& error) {
    broken_ = true;
    const std::string reason = plain(error);
    const bool isTimeout = reason.find("imed out") != std::string::npos;
    const std::string cause =
        isTimeout ? "the other ranks did not take part within " + std::to_string(timeout_.count() / 1000) + " s"
                  : meeting_.peers.describeLost();
    return {ErrorCode::ProcessGroup,
            "rank " + std::to_string(rank_) + ": " + what + ": " + cause + " (" + reason + ")"};
  }

  int rank_;
  std::chrono::milliseconds timeout_;
  Meeting meeting_;
  std::shared_ptr<Cancellation> cancellation_;
  c10::intrusive_ptr<ProcessGroupGloo> group_;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<Communicator> makeGlooCommunicator(const GroupOptions& options, Meeting meeting,
                                                   std::shared_ptr<Cancellation> cancellation) {
  return std::make_unique<GlooCommunicator>(options, std::move(meeting), std::move(cancellation));
}

}  // namespace gptorch
