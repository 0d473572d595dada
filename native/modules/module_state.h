#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/arguments.h"
#include "engine/dropout_key.h"
#include "engine/engine.h"
#include "engine/plan.h"

// Its header brings every operator's; only the modules themselves pay for that.
namespace torch::nn {
class Module;
}

namespace gptorch {

/// A parameter as it is known before it is made; the name is Hugging Face's.
struct ParameterSpec {
  std::string name;
  Shape shape;
};
using ParameterSpecs = std::vector<ParameterSpec>;

/// A submodule's parameters under its name.
ParameterSpecs prefixed(const std::string& prefix, ParameterSpecs specs);
ParameterSpecs joined(std::initializer_list<ParameterSpecs> parts);

/// One module: JavaScript's side knows its parameters and how to check a call, the engine's side owns the
/// torch::nn::Module.
class ModuleState : public std::enable_shared_from_this<ModuleState> {
 public:
  virtual ~ModuleState() = default;

  const std::vector<std::pair<std::string, SlotRef>>& parameters() const { return parameters_; }

  /// Checks a call and plans it. The session is needed by nothing: modes are captured when the plan is queued.
  Plan forward(const Arguments& arguments);

  /// Queues the making of the module on `device`; its parameters hold no values that mean anything until filled.
  void build(Engine& engine, const SessionRef& session, at::Device device);

  /// Queues the release of parameters, gradients and module.
  void dispose(Engine& engine, const SessionRef& session);
  bool disposed() const { return disposed_; }

 protected:
  virtual ParameterSpecs specs() const = 0;
  virtual std::shared_ptr<torch::nn::Module> make() const = 0;
  virtual Plan plan(const Arguments& arguments) = 0;

  /// The engine's side only.
  std::shared_ptr<torch::nn::Module> module_;

 private:
  std::vector<std::pair<std::string, SlotRef>> parameters_;
  Roots gradients_;
  bool disposed_ = false;
};

/// Ties a torch module `M` to JavaScript. M has a `Config` with `static Config from(const Options&)`,
/// `static ParameterSpecs specs(const Config&)`, a constructor from Config, and
/// `static Plan plan(const Config&, const Arguments&, std::function<M&()>)`.
template <typename M>
class ModuleOf final : public ModuleState {
 public:
  explicit ModuleOf(const Options& options) : config_(M::Config::from(options)) {}

  const typename M::Config& config() const { return config_; }

  /// The engine's side only. Throws Disposed once the module was released.
  M& module() {
    if (!module_) throw Error(ErrorCode::Disposed, "a module was used after dispose()");
    return static_cast<M&>(*module_);
  }

 protected:
  ParameterSpecs specs() const override { return M::specs(config_); }
  std::shared_ptr<torch::nn::Module> make() const override { return std::make_shared<M>(config_); }
  Plan plan(const Arguments& arguments) override {
    auto self = std::static_pointer_cast<ModuleOf>(shared_from_this());
    return M::plan(config_, arguments, [self]() -> M& { return static_cast<M&>(*self->module_); });
  }

 private:
  typename M::Config config_;
};

/// What a forward pass needs beside its input.
struct ForwardMode {
  bool training = false;
  DropoutKey key;
  /// Key and value caches (B, heads, capacity, headWidth), or null.
  SlotRef keys, values;
  /// Place of the input's first token in the sequence.
  int64_t position = 0;

  /// Reads (training, key) from `first` on.
  static ForwardMode from(const Arguments& arguments, size_t first);
};

/// Checks an input (…, width) of float32 or float64.
SlotRef requireWidth(const Arguments& arguments, size_t index, int64_t width, int64_t rank);

}  // namespace gptorch
