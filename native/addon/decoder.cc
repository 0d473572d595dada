#include "decode/decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/event_stream.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "decode/embedding_request.h"
#include "decode/generation.h"

namespace gptorch {

namespace {

constexpr double kMost = 9007199254740991.0;

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

int64_t count(const Arguments& arguments, size_t index, const char* name, double least, double most) {
  arguments.numberWithin(index, name, least, most);
  return arguments.integer(index, name);
}

WeightFormat formatOf(const Arguments& arguments, size_t index) {
  const std::string name = arguments.string(index, "weights");
  if (name == "float32") return WeightFormat::Float32;
  if (name == "bfloat16") return WeightFormat::BFloat16;
  if (name == "int8") return WeightFormat::Int8;
  arguments.fail("weights must be float32, bfloat16 or int8, not '" + name + "'");
}

/// Whether our own kernels compute; where nothing is said, on the CPU they do.
bool ownKernelsFrom(const Arguments& arguments, size_t index, const at::Device& device) {
  if (arguments.isMissing(index)) return device.is_cpu();
  const std::string name = arguments.string(index, "kernels");
  if (name == "torch") return false;
  if (name != "gptorch") arguments.fail("kernels must be gptorch or torch, not '" + name + "'");
  if (!device.is_cpu()) arguments.fail("kernels: gptorch's are for the CPU alone, the model is on " + device.str());
  return true;
}

/// (weights, cacheTokens?, maxRunning, maxWaiting, stepTokens, batchInvariant, kernels?, capture)
Decoder::Options optionsFrom(const Arguments& arguments, const GptParameters& parameters) {
  const GptParameters::Sizes& sizes = parameters.sizes();
  constexpr int64_t kContexts = 8, kLeastCache = 4096;
  constexpr double kMostSequences = 4096, kMostTokens = 1 << 30;
  Decoder::Options options;
  options.weights = formatOf(arguments, 0);
  options.cacheTokens = std::max(kLeastCache, kContexts * sizes.contextLength);
  if (!arguments.isMissing(1)) {
    options.cacheTokens = count(arguments, 1, "cacheTokens", static_cast<double>(sizes.contextLength), kMostTokens);
  }
  options.maxRunning = count(arguments, 2, "maxRunning", 1, kMostSequences);
  options.maxWaiting = count(arguments, 3, "maxWaiting", 0, kMost);
  options.stepTokens = count(arguments, 4, "stepTokens", 1, kMostTokens);
  options.batchInvariant = arguments.boolean(5, "batchInvariant");
  options.ownKernels = ownKernelsFrom(arguments, 6, parameters.device());
  options.capture = arguments.boolean(7, "capture");
  return options;
}

/// createDecoder(embedding, blocks, norm | null, outputWeight, ...options) -> handle
Napi::Value createDecoder(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(info.Env()).refuseInCapture("Decoder");
    const auto list = info[1].As<Napi::Array>();
    std::vector<std::shared_ptr<ModuleState>> blocks;
    for (uint32_t i = 0; i < list.Length(); ++i) blocks.push_back(moduleOf(list.Get(i)));
    const std::shared_ptr<ModuleState> norm = info[2].IsExternal() ? moduleOf(info[2]) : nullptr;
    GptParameters parameters(moduleOf(info[0]), blocks, norm, unwrapTensor(info[3], "Decoder"));
    const Decoder::Options options = optionsFrom(takeArguments("Decoder", info, 4), parameters);
    return wrap(info.Env(),
                std::make_shared<Decoder>(std::move(parameters), options, Environment::of(info.Env()).session()));
  });
}

Napi::Value disposeDecoder(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Decoder::dispose(decoderOf(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value decoderStats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    const Decoder::Stats stats = decoderOf(info[0])->stats();
    const auto object = [env](std::initializer_list<std::pair<const char*, int64_t>> fields) {
      Napi::Object result = Napi::Object::New(env);
      for (const auto& [name, value] : fields) result.Set(name, static_cast<double>(value));
      return result;
    };
    Napi::Object result = object({{"waiting", stats.counts.waiting},
                                  {"running", stats.counts.running},
                                  {"promptTokens", stats.counts.promptTokens},
                                  {"cachedTokens", stats.counts.cachedTokens},
                                  {"generatedTokens", stats.generatedTokens},
                                  {"launches", stats.launches},
                                  {"preemptions", stats.counts.preemptions}});
    result.Set(
        "cache",
        object({{"limit", stats.limit}, {"allocated", stats.allocated}, {"used", stats.used}, {"kept", stats.kept}}));
    return result;
  });
}

std::optional<Request::Clock::time_point> limitFrom(const Arguments& arguments, size_t index, const char* name) {
  if (arguments.isMissing(index)) return std::nullopt;
  const double milliseconds = arguments.numberWithin(index, name, 0, 1e12);
  return Request::Clock::now() + std::chrono::microseconds(static_cast<int64_t>(milliseconds * 1e3));
}

/// Reads (prompt, client, timeout?, waitTimeout?).
void takeRequest(const Arguments& arguments, const GptParameters::Sizes& sizes, Request& request) {
  request.prompt = arguments.integers(0, "prompt");
  request.client = arguments.string(1, "client");
  request.endBy = limitFrom(arguments, 2, "timeout");
  request.startBy = limitFrom(arguments, 3, "waitTimeout");
  if (request.prompt.empty()) arguments.fail("at least one token is needed");
  if (static_cast<int64_t>(request.prompt.size()) > sizes.contextLength) {
    arguments.fail("the prompt has " + std::to_string(request.prompt.size()) + " tokens, the context length is " +
                   std::to_string(sizes.contextLength));
  }
  for (size_t i = 0; i < request.prompt.size(); ++i) {
    if (request.prompt[i] >= 0 && request.prompt[i] < sizes.vocabSize) continue;
    arguments.fail("token " + std::to_string(request.prompt[i]) + " at position " + std::to_string(i) +
                   " is outside the vocabulary of " + std::to_string(sizes.vocabSize));
  }
}

/// (prompt, client, timeout?, waitTimeout?, maxNewTokens, stop, seed, samples, logProbs, topLogProbs, slides,
/// prefillChunk?, temperature, topK?, topP?, minP?, repetitionPenalty?)
std::shared_ptr<Generation> generationFrom(const Arguments& arguments, const GptParameters::Sizes& sizes) {
  auto generation = std::make_shared<Generation>(count(arguments, 7, "n", 1, 1024));
  takeRequest(arguments, sizes, *generation);
  generation->maxNewTokens = count(arguments, 4, "maxNewTokens", 1, kMost);
  generation->stop = arguments.integers(5, "stop");
  generation->seed = count(arguments, 6, "seed", 0, kMost);
  generation->logProbs = arguments.boolean(8, "logProbs");
  generation->topLogProbs = count(arguments, 9, "topLogProbs", 0, 100);
  generation->slides = arguments.boolean(10, "slides");
  if (!arguments.isMissing(11)) generation->prefillChunk = count(arguments, 11, "prefillChunk", 1, kMost);
  generation->sampling = Sampling::from(arguments, 12);
  return generation;
}

Napi::Value toObject(Napi::Env env, GenerationEvent& event) {
  Napi::Object object = Napi::Object::New(env);
  if (event.cachedTokens) {
    object.Set("cachedTokens", static_cast<double>(*event.cachedTokens));
    return object;
  }
  object.Set("sample", static_cast<double>(event.sample));
  if (event.finished) {
    object.Set("finishReason", toString(*event.finished));
    return object;
  }
  const Choice& choice = event.choice;
  object.Set("token", static_cast<double>(choice.token));
  if (choice.logProb) object.Set("logProb", *choice.logProb);
  if (!choice.top.empty()) {
    Napi::Array top = Napi::Array::New(env, choice.top.size());
    for (size_t i = 0; i < choice.top.size(); ++i) {
      Napi::Object each = Napi::Object::New(env);
      each.Set("token", static_cast<double>(choice.top[i].token));
      each.Set("logProb", choice.top[i].logProb);
      top.Set(static_cast<uint32_t>(i), each);
    }
    object.Set("topLogProbs", top);
  }
  return object;
}

/// Empty: the request was cancelled.
Napi::Value toEvent(Napi::Env env, std::vector<float>& hidden) {
  Napi::Object object = Napi::Object::New(env);
  if (hidden.empty()) {
    object.Set("finishReason", toString(FinishReason::Aborted));
    return object;
  }
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, hidden.size() * sizeof(float));
  std::memcpy(buffer.Data(), hidden.data(), buffer.ByteLength());
  object.Set("hidden", buffer);
  return object;
}

/// @return what cancelRequest takes
template <typename Event>
Napi::Value submit(Napi::Env env, Decoder& decoder, RequestRef request,
                   const std::shared_ptr<EventStream<Event>>& stream) {
  try {
    decoder.submit(request);
  } catch (const Error&) {
    stream->abandon(env);
    throw;
  }
  return wrap(env, std::move(request));
}

/// startGeneration(decoder, listener, ...options) -> request
Napi::Value startGeneration(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(env).refuseInCapture("generate");
    const std::shared_ptr<Decoder> decoder = decoderOf(info[0]);
    const std::shared_ptr<Generation> generation = generationFrom(takeArguments("generate", info, 2), decoder->sizes());
    const auto stream = std::make_shared<EventStream<GenerationEvent>>(env, info[1].As<Napi::Function>(), toObject);
    generation->onEvents = [stream, running = generation->samples](std::vector<GenerationEvent> events) mutable {
      running -=
          std::count_if(events.begin(), events.end(), [](const auto& event) { return event.finished.has_value(); });
      stream->push(std::move(events), running == 0);
    };
    generation->onFailure = [stream](const FailureRef& failure) { stream->fail(failure); };
    return submit(env, *decoder, generation, stream);
  });
}

/// startEmbedding(decoder, listener, tokens, client, timeout?, waitTimeout?) -> request
Napi::Value startEmbedding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(env).refuseInCapture("embed");
    const std::shared_ptr<Decoder> decoder = decoderOf(info[0]);
    const auto request = std::make_shared<EmbeddingRequest>();
    takeRequest(takeArguments("embed", info, 2), decoder->sizes(), *request);
    const auto stream = std::make_shared<EventStream<std::vector<float>>>(env, info[1].As<Napi::Function>(), toEvent);
    request->onResult = [stream](std::vector<float> hidden) { stream->push({std::move(hidden)}, true); };
    request->onFailure = [stream](const FailureRef& failure) { stream->fail(failure); };
    return submit(env, *decoder, request, stream);
  });
}

/// cancelRequest(request, sample?)
Napi::Value cancelRequest(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto* request = std::get_if<RequestRef>(&unwrap(info[0]));
    if (request == nullptr) throw ArgumentError("a request was expected");
    const Arguments arguments = takeArguments("cancel", info, 1);
    if (arguments.isMissing(0)) {
      (*request)->cancel();
    } else {
      const int64_t sample = count(arguments, 0, "sample", 0, static_cast<double>((*request)->samples - 1));
      (*request)->cancelled[static_cast<size_t>(sample)] = true;
    }
    return info.Env().Undefined();
  });
}

}  // namespace

void exportDecoder(Napi::Env env, Napi::Object exports) {
  exports.Set("createDecoder", Napi::Function::New(env, createDecoder, "createDecoder"));
  exports.Set("disposeDecoder", Napi::Function::New(env, disposeDecoder, "disposeDecoder"));
  exports.Set("decoderStats", Napi::Function::New(env, decoderStats, "decoderStats"));
  exports.Set("startGeneration", Napi::Function::New(env, startGeneration, "startGeneration"));
  exports.Set("startEmbedding", Napi::Function::New(env, startEmbedding, "startEmbedding"));
  exports.Set("cancelRequest", Napi::Function::New(env, cancelRequest, "cancelRequest"));
}

}  // namespace gptorch
