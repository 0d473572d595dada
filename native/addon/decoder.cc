#include "decode/decoder.h"

#include <mutex>
#include <utility>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "decode/generation.h"
#include "engine/engine.h"

namespace gptorch {

namespace {

/// Tokens on their way to JavaScript. However many the engine makes before JavaScript has time, one message is under
/// way.
class TokenStream : public std::enable_shared_from_this<TokenStream> {
 public:
  TokenStream(std::shared_ptr<Port> port, uint64_t listener, int64_t samples)
      : port_(std::move(port)), listener_(listener), running_(samples) {}

  /// Engine thread.
  void push(std::vector<GenerationEvent> events) {
    const std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.end(), events.begin(), events.end());
    post();
  }
  void fail(const FailureRef& failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    post();
  }

 private:
  /// Under the lock.
  void post() {
    if (posted_) return;
    posted_ = true;
    port_->post([self = shared_from_this()](Napi::Env env) { self->deliver(env); });
  }

  /// JavaScript thread: calls listener(events, error?).
  void deliver(Napi::Env env) {
    std::vector<GenerationEvent> events;
    FailureRef failure;
    {
      const std::lock_guard lock(mutex_);
      posted_ = false;
      events.swap(waiting_);
      failure = failure_;
    }
    Environment& environment = Environment::of(env);
    Napi::Array array = Napi::Array::New(env, events.size());
    for (size_t i = 0; i < events.size(); ++i) {
      array.Set(static_cast<uint32_t>(i), toObject(env, events[i]));
      if (events[i].finished) --running_;
    }
    std::vector<napi_value> arguments = {array};
    if (failure) arguments.push_back(environment.makeError(env, failure->code, failure->message));
    environment.notify(listener_, arguments);
    if (running_ == 0 || failure) environment.unlisten(env, listener_);
  }

  static Napi::Object toObject(Napi::Env env, const GenerationEvent& event) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("sample", static_cast<double>(event.sample));
    if (event.finished) {
      object.Set("finishReason", toString(*event.finished));
      return object;
    }
    object.Set("token", static_cast<double>(event.token));
    if (event.logProb) object.Set("logProb", *event.logProb);
    return object;
  }

  const std::shared_ptr<Port> port_;
  const uint64_t listener_;
  /// JavaScript thread only: samples that have not ended.
  int64_t running_;
  std::mutex mutex_;
  bool posted_ = false;
  std::vector<GenerationEvent> waiting_;
  FailureRef failure_;
};

std::shared_ptr<ModuleState> moduleOf(const Napi::Value& value) {
  const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&unwrap(value));
  if (module == nullptr) throw ArgumentError("Decoder: a module was expected");
  return *module;
}

std::shared_ptr<Decoder> decoderOf(const Napi::Value& value) {
  const auto* decoder = std::get_if<std::shared_ptr<Decoder>>(&unwrap(value));
  if (decoder == nullptr) throw ArgumentError("a decoder was expected");
  return *decoder;
}

/// createDecoder(embedding, blocks, norm | null, outputWeight) -> handle
Napi::Value createDecoder(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto list = info[1].As<Napi::Array>();
    std::vector<std::shared_ptr<ModuleState>> blocks;
    for (uint32_t i = 0; i < list.Length(); ++i) blocks.push_back(moduleOf(list.Get(i)));
    const std::shared_ptr<ModuleState> norm = info[2].IsExternal() ? moduleOf(info[2]) : nullptr;
    return wrap(info.Env(), std::make_shared<Decoder>(moduleOf(info[0]), std::move(blocks), norm,
                                                      unwrapTensor(info[3], "Decoder")));
  });
}

Napi::Value disposeDecoder(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Decoder::dispose(decoderOf(info[0]), Engine::instance(), Environment::of(info.Env()).session());
    return info.Env().Undefined();
  });
}

/// (prompt, maxNewTokens, stop, seed, samples, logProbs, slides, prefillChunk, temperature, topK?, topP?, minP?,
/// repetitionPenalty?)
GenerationOptions optionsFrom(const Arguments& arguments, const Decoder& decoder) {
  constexpr double kMost = 9007199254740991.0;
  const auto count = [&](size_t index, const char* name, double most) {
    arguments.numberWithin(index, name, 1, most);
    return arguments.integer(index, name);
  };
  GenerationOptions options;
  options.prompt = arguments.integers(0, "prompt");
  options.maxNewTokens = count(1, "maxNewTokens", kMost);
  options.stop = arguments.integers(2, "stop");
  arguments.numberWithin(3, "seed", 0, kMost);
  options.seed = arguments.integer(3, "seed");
  options.samples = count(4, "n", 1024);
  options.logProbs = arguments.boolean(5, "logProbs");
  options.slides = arguments.boolean(6, "slides");
  options.prefillChunk = count(7, "prefillChunk", kMost);
  options.sampling = Sampling::from(arguments, 8);
  if (options.prompt.empty()) arguments.fail("at least one token is needed");
  if (static_cast<int64_t>(options.prompt.size()) > decoder.contextLength()) {
    arguments.fail("the prompt has " + std::to_string(options.prompt.size()) + " tokens, the context length is " +
                   std::to_string(decoder.contextLength()));
  }
  for (size_t i = 0; i < options.prompt.size(); ++i) {
    if (options.prompt[i] >= 0 && options.prompt[i] < decoder.vocabSize()) continue;
    arguments.fail("token " + std::to_string(options.prompt[i]) + " at position " + std::to_string(i) +
                   " is outside the vocabulary of " + std::to_string(decoder.vocabSize()));
  }
  return options;
}

/// startGeneration(decoder, listener, ...options) -> what cancelGeneration takes
Napi::Value startGeneration(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    Environment& environment = Environment::of(env);
    const std::shared_ptr<Decoder> decoder = decoderOf(info[0]);
    GenerationOptions options = optionsFrom(takeArguments("generate", info, 2), *decoder);
    const uint64_t id = environment.listen(env, info[1].As<Napi::Function>());
    const auto stream = std::make_shared<TokenStream>(environment.port(), id, options.samples);
    const auto cancelled = std::make_shared<Cancellation>(false);
    Generation::Listener listener = {[stream](std::vector<GenerationEvent> events) { stream->push(std::move(events)); },
                                     [stream](const FailureRef& failure) { stream->fail(failure); }};
    const auto generation = std::make_shared<Generation>(decoder, std::move(options), std::move(listener), cancelled);
    try {
      generation->submit(Engine::instance(), environment.session());
    } catch (const Error&) {
      environment.unlisten(env, id);
      throw;
    }
    return wrap(env, cancelled);
  });
}

Napi::Value cancelGeneration(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto* cancelled = std::get_if<std::shared_ptr<Cancellation>>(&unwrap(info[0]));
    if (cancelled == nullptr) throw ArgumentError("a generation was expected");
    **cancelled = true;
    return info.Env().Undefined();
  });
}

}  // namespace

void exportDecoder(Napi::Env env, Napi::Object exports) {
  exports.Set("createDecoder", Napi::Function::New(env, createDecoder, "createDecoder"));
  exports.Set("disposeDecoder", Napi::Function::New(env, disposeDecoder, "disposeDecoder"));
  exports.Set("startGeneration", Napi::Function::New(env, startGeneration, "startGeneration"));
  exports.Set("cancelGeneration", Napi::Function::New(env, cancelGeneration, "cancelGeneration"));
}

}  // namespace gptorch
