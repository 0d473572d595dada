#include "decode/generation.h"

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

namespace gptorch {

const char* toString(FinishReason reason) {
  switch (reason) {
    case FinishReason::Stop:
      return "stop";
    case FinishReason::Length:
      return "length";
    case FinishReason::Aborted:
      return "aborted";
  }
  return "";
}

Generation::Generation(std::shared_ptr<Decoder> decoder, GenerationOptions options, Listener listener,
                       std::shared_ptr<Cancellation> cancelled)
    : decoder_(std::move(decoder)),
      options_(std::move(options)),
      listener_(std::move(listener)),
      cancelled_(std::move(cancelled)) {
  for (int64_t sample = 0; sample < options_.samples; ++sample) rows_.push_back({sample, options_.prompt});
}

void Generation::submit(Engine& engine, const SessionRef& session) {
  session_ = session;
  modes_ = session->modes;
  modes_.gradEnabled = false;
  engine.submit(nextStep(), false);
}

Item Generation::nextStep() {
  Item item;
  item.session = session_;
  item.modes = modes_;
  item.reads = decoder_->parameters();
  item.work = [self = shared_from_this()] { self->step(); };
  item.onFailure = [self = shared_from_this()](const FailureRef& failure) {
    self->caches_.clear();
    self->cache_.reset();
    self->listener_.failure(failure);
  };
  return item;
}

void Generation::step() {
  if (*cancelled_) {
    while (!rows_.empty()) finish(rows_.size() - 1, FinishReason::Aborted);
  } else {
    if (!cache_) begin();
    const int64_t rest = input_.size(1) - fed_;
    const int64_t length = std::min(rest, options_.prefillChunk);
    const at::Tensor hidden = decoder_->hidden(input_.narrow(1, fed_, length), caches_, position_);  // (B, T, width)
    position_ += length;
    fed_ += length;
    if (length == rest) extend(decoder_->logits(hidden));
  }
  if (rows_.empty()) {
    caches_.clear();
    if (cache_) decoder_->giveBack(std::move(cache_));
  } else {
    // Back to the end of the queue: others take their turns.
    Engine::instance().submit(nextStep(), true);
  }
  report();
}

void Generation::begin() {
  const int64_t most = static_cast<int64_t>(options_.prompt.size()) + options_.maxNewTokens;
  cache_ = decoder_->takeCache(options_.samples, std::min(decoder_->contextLength(), most), session_);
  // The prompt is computed once, in the first row.
  caches_ = cache_->first(1);
  input_ = at::tensor(options_.prompt, at::kLong).unsqueeze(0).to(decoder_->device());  // (1, T)
}

void Generation::extend(at::Tensor logits) {
  if (logits.size(0) < static_cast<int64_t>(rows_.size())) {
    for (size_t row = 1; row < rows_.size(); ++row) cache_->copy(0, static_cast<int64_t>(row), position_);
    logits = logits.expand({static_cast<int64_t>(rows_.size()), -1});  // (rows, vocabSize)
  }
  std::vector<std::optional<FinishReason>> ends(rows_.size());
  const bool full = position_ == decoder_->contextLength() && !options_.slides;
  const bool enough = made_ + 1 == options_.maxNewTokens;
  for (size_t i = 0; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    const at::Tensor rowLogits = logits.narrow(0, static_cast<int64_t>(i), 1);  // (1, vocabSize)
    const int64_t token = choose(row, rowLogits);
    if (std::find(options_.stop.begin(), options_.stop.end(), token) != options_.stop.end()) {
      ends[i] = FinishReason::Stop;
      continue;
    }
    row.tokens.push_back(token);
    GenerationEvent event{row.sample, token, std::nullopt, std::nullopt};
    if (options_.logProbs) event.logProb = rowLogits.log_softmax(-1).select(1, token).item().toDouble();
    events_.push_back(event);
    if (enough || full) ends[i] = FinishReason::Length;
  }
  ++made_;
  for (size_t i = ends.size(); i-- > 0;) {
    if (ends[i]) finish(i, *ends[i]);
  }
  if (!rows_.empty()) prepareInput();
}

int64_t Generation::choose(const Row& row, const at::Tensor& logits) const {
  at::Tensor seen;
  if (options_.sampling.repetitionPenalty != 1) {
    seen = at::tensor(row.tokens, at::kLong).unsqueeze(0).to(logits.device());  // (1, S)
  }
  // Keyed by sample and place: what else is generated beside it changes nothing.
  const RandomKey key = {options_.seed, row.sample, made_};
  return chooseTokens(logits, seen, options_.sampling, key).item().toLong();
}

void Generation::finish(size_t row, FinishReason reason) {
  events_.push_back({rows_[row].sample, 0, std::nullopt, reason});
  const size_t last = rows_.size() - 1;
  if (row != last) {
    cache_->copy(static_cast<int64_t>(last), static_cast<int64_t>(row), position_);
    rows_[row] = std::move(rows_[last]);
  }
  rows_.pop_back();
}

void Generation::prepareInput() {
  size_t length = 1;
  if (position_ == decoder_->contextLength()) {
    // The newest half of the context stays; its positions begin at 0 again, so all of it is computed anew.
    length = static_cast<size_t>(std::max<int64_t>(1, position_ / 2));
    position_ = 0;
  }
  std::vector<int64_t> tokens;
  for (const Row& row : rows_) tokens.insert(tokens.end(), row.tokens.end() - length, row.tokens.end());
  const auto rows = static_cast<int64_t>(rows_.size());
  input_ = at::tensor(tokens, at::kLong).view({rows, -1}).to(decoder_->device());  // (rows, T)
  fed_ = 0;
  if (caches_.front().keys->meta.shape[0] != rows) caches_ = cache_->first(rows);
}

void Generation::report() {
  if (events_.empty()) return;
  listener_.events(std::exchange(events_, {}));
}

}  // namespace gptorch
