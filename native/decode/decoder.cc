#include "decode/decoder.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "decode/embedding_request.h"
#include "decode/generation.h"
#include "decode/operator_model.h"
#include "decode/packed_model.h"
#include "engine/cpu_allocator.h"
#include "engine/device_copy.h"

namespace gptorch {

namespace {

constexpr int64_t kLength = KeyValueBlocks::kBlockLength;

Scheduler::Limits limitsOf(const Decoder::Options& options, const GptParameters::Sizes& sizes) {
  return {.blockLength = kLength,
          .contextLength = sizes.contextLength,
          .blocks = (options.cacheTokens + kLength - 1) / kLength,
          .running = options.maxRunning,
          .stepTokens = options.stepTokens};
}

FailureRef disposedFailure() {
  return std::make_shared<Failure>(
      Failure{ErrorCode::Disposed, "the decoder was disposed of before the request was finished"});
}

FailureRef withoutToken() {
  return std::make_shared<Failure>(Failure{ErrorCode::Engine,
                                           "the model's logits for this text are not finite, so no token can be chosen",
                                           /*observed=*/true});
}

/// The rows of some of the sequences: (picked, width).
at::Tensor pick(const at::Tensor& hidden, const std::vector<int64_t>& rows) {
  if (static_cast<int64_t>(rows.size()) == hidden.size(0)) return hidden;
  return hidden.index_select(0, copyTo(at::tensor(rows, at::kLong), hidden.device()));
}

/// Of keys and values. Accelerators round what a product of weights in bfloat16 takes to that in any case.
at::ScalarType cacheDtype(WeightFormat weights, const at::Device& device) {
  return weights == WeightFormat::BFloat16 && !device.is_cpu() ? at::kBFloat16 : at::kFloat;
}

}  // namespace

Decoder::Decoder(GptParameters parameters, const Options& options, SessionRef session)
    : options_(options),
      session_(std::move(session)),
      parameters_(std::move(parameters)),
      store_({sizes().layers, sizes().heads, sizes().headWidth, cacheDtype(options.weights, parameters_.device())},
             parameters_.device(), session_),
      scheduler_(limitsOf(options, sizes()), [this](int64_t blocks) { return grow(blocks); }) {
  stats_.limit = (options.cacheTokens + kLength - 1) / kLength * kLength;
}

void Decoder::submit(RequestRef request) {
  const std::lock_guard lock(mutex_);
  if (disposed_) throw Error(ErrorCode::Disposed, "the decoder was used after dispose()");
  const int64_t unfinished = stats_.counts.unfinished + static_cast<int64_t>(incoming_.size());
  if (unfinished >= options_.maxRunning + options_.maxWaiting) {
    throw Error(ErrorCode::DecoderFull, "the decoder is full: " + std::to_string(unfinished) +
                                            " requests are unfinished, maxRunning and maxWaiting allow " +
                                            std::to_string(options_.maxRunning + options_.maxWaiting));
  }
  if (!active_) Engine::instance().submit(nextStep(), false);
  active_ = true;
  incoming_.push_back(std::move(request));
}

Decoder::Stats Decoder::stats() {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.counts.unfinished += static_cast<int64_t>(incoming_.size());
  stats.counts.waiting += static_cast<int64_t>(incoming_.size());
  return stats;
}

void Decoder::dispose(const std::shared_ptr<Decoder>& decoder) {
  {
    const std::lock_guard lock(decoder->mutex_);
    if (decoder->disposed_) return;
    decoder->disposed_ = true;
  }
  Item item;
  item.session = decoder->session_;
  item.frees = true;
  item.work = [decoder] {
    decoder->takeIncoming();
    decoder->scheduler_.failAll(disposedFailure());
    decoder->dropModel();
    decoder->scheduler_.dropBlocks();
    decoder->store_.free();
    decoder->goOn();
  };
  Engine::instance().submit(std::move(item), true);
}

Item Decoder::nextStep() {
  Item item;
  item.session = session_;
  if (!parameters_.device().is_cpu()) item.device = parameters_.device();
  item.modes.gradEnabled = false;
  item.reads = parameters_.cells();
  item.work = [self = shared_from_this()] { self->step(); };
  item.onFailure = [self = shared_from_this()](const FailureRef& failure) {
    // A parameter that failed before, or is gone.
    self->takeIncoming();
    self->scheduler_.failAll(failure);
    self->goOn();
  };
  return item;
}

void Decoder::step() {
  takeIncoming();
  scheduler_.expire(Request::Clock::now());
  if (!scheduler_.idle()) prepareModel();
  const Scheduler::Step step = scheduler_.next();
  if (!step.work.empty()) {
    std::vector<RequestRef> requests;
    for (const Scheduler::Work& work : step.work) requests.push_back(work.sequence->request);
    try {
      compute(step);
      recovery_ = Recovery::None;
    } catch (...) {
      recover(requests, failureOf(std::current_exception()));
    }
  } else if (const RequestRef request = scheduler_.blocked()) {
    const std::string message = "no memory is left for the keys and values of a single request";
    scheduler_.fail(request, std::make_shared<Failure>(Failure{ErrorCode::OutOfMemory, message}));
  }
  goOn();
}

void Decoder::takeIncoming() {
  std::vector<RequestRef> incoming;
  {
    const std::lock_guard lock(mutex_);
    incoming.swap(incoming_);
    stats_.counts.unfinished += static_cast<int64_t>(incoming.size());
    stats_.counts.waiting += static_cast<int64_t>(incoming.size());
  }
  for (const RequestRef& request : incoming) {
    requests_.push_back(request);
    scheduler_.submit(request);
  }
}

void Decoder::prepareModel() {
  if (model_ && !parameters_.changed()) return;
  // Freed before its successor is made.
  dropModel();
  const GptWeights weights = parameters_.weights();
  model_ = options_.ownKernels
               ? makePackedModel(weights, options_.weights)
               : makeOperatorModel(weights, {options_.weights, options_.batchInvariant, options_.capture});
  scheduler_.forget();
}

void Decoder::dropModel() {
  if (model_) launches_ += model_->launches();
  model_.reset();
}

bool Decoder::grow(int64_t blocks) {
  // What was recorded for the present cache is of no use for another, and takes memory.
  if (model_) model_->trim();
  return store_.grow(blocks);
}

void Decoder::compute(const Scheduler::Step& step) {
  const at::Tensor hidden = forward(step);  // (sequences, width)
  scheduler_.advance(step);
  std::vector<Sequence*> generating, embedding;
  std::vector<int64_t> generatingRows, embeddingRows;
  for (size_t i = 0; i < step.work.size(); ++i) {
    Sequence* const sequence = step.work[i].sequence;
    if (sequence->pending() > 0) continue;
    const bool generates = dynamic_cast<Generation*>(sequence->request.get()) != nullptr;
    (generates ? generating : embedding).push_back(sequence);
    (generates ? generatingRows : embeddingRows).push_back(static_cast<int64_t>(i));
  }
  try {
    if (!generating.empty()) generate(generating, pick(hidden, generatingRows));
    if (!embedding.empty()) giveHidden(embedding, pick(hidden, embeddingRows));
  } catch (...) {
    scheduler_.rewind();
    throw;
  }
}

at::Tensor Decoder::forward(const Scheduler::Step& step) {
  for (const auto& [from, to] : step.copies) store_.copy(from, to);
  std::vector<StepSequence> sequences;
  sequences.reserve(step.work.size());
  for (const auto& [sequence, count] : step.work) {
    const std::span<const int64_t> tokens =
        sequence->context().subspan(static_cast<size_t>(sequence->computed), static_cast<size_t>(count));
    sequences.push_back({{tokens.begin(), tokens.end()}, sequence->computed, sequence->blocks});
  }
  return model_->forward(sequences, store_.blocks());
}

void Decoder::recover(const std::vector<RequestRef>& requests, const FailureRef& failure) {
  if (failure->code == ErrorCode::OutOfMemory) {
    trimCpuMemory();
    if (model_) model_->trim();
    // Once more with the same sequences, then with fewer and fewer, at last with one for which all is made anew: cache
    // and work space may have grown for many.
    if (recovery_ == Recovery::None) {
      recovery_ = Recovery::TriedAgain;
      return;
    }
    if (scheduler_.retreat()) return;
    if (recovery_ == Recovery::TriedAgain) {
      recovery_ = Recovery::StartedAnew;
      scheduler_.dropBlocks();
      store_.free();
      dropModel();
      return;
    }
  }
  recovery_ = Recovery::None;
  failure->observed = true;
  for (const RequestRef& request : requests) scheduler_.fail(request, failure);
}

void Decoder::giveHidden(const std::vector<Sequence*>& sequences, const at::Tensor& hidden) {
  const at::Tensor values = hidden.to(at::kCPU, at::kFloat).contiguous();  // (sequences, width)
  for (size_t i = 0; i < sequences.size(); ++i) {
    const float* first = values.const_data_ptr<float>() + static_cast<int64_t>(i) * values.size(1);
    static_cast<EmbeddingRequest&>(*sequences[i]->request).hidden.assign(first, first + values.size(1));
    scheduler_.finish(*sequences[i], FinishReason::Stop);
  }
}

void Decoder::generate(std::vector<Sequence*> sequences, const at::Tensor& hidden) {
  const at::Tensor logits = model_->logits(hidden);  // (sequences, vocabSize)
  std::vector<int64_t> rows(sequences.size());
  std::iota(rows.begin(), rows.end(), 0);
  for (size_t i = 0; i < static_cast<size_t>(hidden.size(0)); ++i) {
    if (!sequences[i]->leads) continue;
    for (Sequence* forked : scheduler_.fork(*sequences[i])) {
      sequences.push_back(forked);
      rows.push_back(static_cast<int64_t>(i));
    }
  }
  std::vector<ChoiceOptions> options;
  for (const Sequence* sequence : sequences) {
    const auto& request = static_cast<const Generation&>(*sequence->request);
    // Keyed by sample and place: what else is generated beside it changes nothing.
    options.push_back({request.sampling,
                       sequence->tokens,
                       {request.seed, sequence->sample, sequence->generated()},
                       request.logProbs,
                       request.topLogProbs});
  }
  std::vector<Choice> choices = choose(logits, rows, options);
  // Of a request that fails no sequence is left to take anything.
  std::vector<RequestRef> failing;
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (choices[i].token == kNoToken) failing.push_back(sequences[i]->request);
  }
  for (size_t i = 0; i < sequences.size(); ++i) {
    const bool fails = std::find(failing.begin(), failing.end(), sequences[i]->request) != failing.end();
    if (!fails) take(*sequences[i], std::move(choices[i]));
  }
  for (const RequestRef& request : failing) scheduler_.fail(request, withoutToken());
}

void Decoder::take(Sequence& sequence, Choice choice) {
  auto& request = static_cast<Generation&>(*sequence.request);
  const int64_t token = choice.token;
  if (std::find(request.stop.begin(), request.stop.end(), token) != request.stop.end()) {
    scheduler_.finish(sequence, FinishReason::Stop);
    return;
  }
  request.add(sequence.sample, std::move(choice));
  ++generatedTokens_;
  const bool full = sequence.contextLength() == sizes().contextLength && !request.slides;
  const bool enough = sequence.generated() + 1 == request.maxNewTokens;
  if (enough || full) {
    scheduler_.finish(sequence, FinishReason::Length);
  } else {
    scheduler_.append(sequence, token);
  }
}

void Decoder::goOn() {
  const BlockPool& pool = scheduler_.pool();
  {
    const std::lock_guard lock(mutex_);
    stats_.counts = scheduler_.counts();
    stats_.allocated = pool.size() * kLength;
    stats_.used = pool.used() * kLength;
    stats_.kept = pool.kept() * kLength;
    stats_.generatedTokens = generatedTokens_;
    stats_.launches = launches_ + (model_ ? model_->launches() : 0);
    active_ = !scheduler_.idle() || !incoming_.empty();
    // Back to the end of the queue: others take their turns.
    if (active_) Engine::instance().submit(nextStep(), true);
  }
  // Whoever is told of an end finds it in the statistics.
  std::erase_if(requests_, [](const RequestRef& request) {
    request->deliver();
    return request->ended == request->samples;
  });
}

}  // namespace gptorch
