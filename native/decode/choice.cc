#include "decode/choice.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>

#include <algorithm>

#include "engine/random.h"

namespace gptorch {

namespace {

/// Choices, by their places among all, that are made the same way.
using Places = std::vector<size_t>;

std::vector<int64_t> toVector(const at::Tensor& integers) {
  const at::Tensor values = integers.to(at::kCPU).contiguous();
  const auto* first = values.const_data_ptr<int64_t>();
  return {first, first + values.numel()};
}

/// The logits of some choices: (places, vocabSize).
at::Tensor rowsOf(const at::Tensor& logits, std::span<const int64_t> rows, const Places& places) {
  std::vector<int64_t> picked;
  for (const size_t place : places) picked.push_back(rows[place]);
  bool isAll = static_cast<int64_t>(picked.size()) == logits.size(0);
  for (size_t i = 0; isAll && i < picked.size(); ++i) isAll = picked[i] == static_cast<int64_t>(i);
  return isAll ? logits : logits.index_select(0, at::tensor(picked, at::kLong).to(logits.device()));
}

bool isPlainArgmax(const Sampling& sampling) { return sampling.temperature == 0 && sampling.repetitionPenalty == 1; }

at::Tensor penalize(const at::Tensor& logits, std::span<const ChoiceOptions> options, const Places& places) {
  at::Tensor penalized = logits.clone();  // (places, vocabSize)
  for (size_t i = 0; i < places.size(); ++i) {
    const ChoiceOptions& each = options[places[i]];
    const at::Tensor seen = at::tensor(at::ArrayRef<int64_t>(each.seen.data(), each.seen.size()), at::kLong);
    const at::Tensor row = penalized.narrow(0, static_cast<int64_t>(i), 1);
    row.copy_(penalizeRepetition(row, seen.unsqueeze(0).to(logits.device()), each.sampling.repetitionPenalty));
  }
  return penalized;
}

/// Tokens of choices with equal sampling.
std::vector<int64_t> sampleEqually(at::Tensor logits, std::span<const ChoiceOptions> options, const Places& places) {
  const Sampling& sampling = options[places.front()].sampling;
  if (sampling.repetitionPenalty != 1) logits = penalize(logits, options, places);
  if (sampling.temperature == 0) return toVector(mostProbable(logits));
  std::vector<double> uniforms;
  for (const size_t place : places) uniforms.push_back(uniform(options[place].key, 0));
  return toVector(drawTokens(filterLogits(logits, {}, sampling), at::tensor(uniforms, at::kDouble)));
}

void setLogProbs(const at::Tensor& logits, std::span<const ChoiceOptions> options, const Places& places,
                 std::vector<Choice>& choices) {
  const at::Tensor sums = logits.logsumexp(-1).to(at::kCPU);  // (places)
  std::vector<int64_t> tokens;
  int64_t most = 0;
  for (const size_t place : places) {
    tokens.push_back(std::max<int64_t>(0, choices[place].token));  // Without a token nobody asks for its probability.
    most = std::max(most, options[place].top);
  }
  const at::Tensor chosen = at::tensor(tokens, at::kLong).unsqueeze(-1).to(logits.device());
  const at::Tensor own = logits.gather(-1, chosen).to(at::kCPU);  // (places, 1)
  at::Tensor topLogits, topTokens;                                // (places, most)
  if (most > 0) std::tie(topLogits, topTokens) = logits.topk(std::min(most, logits.size(-1)));
  const at::Tensor values = most > 0 ? topLogits.to(at::kCPU) : topLogits;
  const at::Tensor indices = most > 0 ? topTokens.to(at::kCPU) : topTokens;
  for (size_t i = 0; i < places.size(); ++i) {
    Choice& choice = choices[places[i]];
    const auto row = static_cast<int64_t>(i);
    const double sum = sums.const_data_ptr<float>()[row];
    if (options[places[i]].logProb) choice.logProb = own.const_data_ptr<float>()[row] - sum;
    const int64_t count = most > 0 ? std::min(options[places[i]].top, values.size(-1)) : 0;
    for (int64_t k = 0; k < count; ++k) {
      const int64_t index = row * values.size(-1) + k;
      choice.top.push_back({indices.const_data_ptr<int64_t>()[index], values.const_data_ptr<float>()[index] - sum});
    }
  }
}

}  // namespace

std::vector<Choice> choose(const at::Tensor& logits, std::span<const int64_t> rows,
                           std::span<const ChoiceOptions> options) {
  std::vector<Choice> choices(options.size());
  Places greedy, explained;
  std::vector<Places> groups;
  for (size_t i = 0; i < options.size(); ++i) {
    if (options[i].logProb || options[i].top > 0) explained.push_back(i);
    if (isPlainArgmax(options[i].sampling)) {
      greedy.push_back(i);
      continue;
    }
    const auto equal = std::find_if(groups.begin(), groups.end(), [&](const Places& places) {
      return options[places.front()].sampling == options[i].sampling;
    });
    if (equal == groups.end()) {
      groups.push_back({i});
    } else {
      equal->push_back(i);
    }
  }
  if (!greedy.empty()) {
    // Of all rows: cheaper than copying some.
    const std::vector<int64_t> best = toVector(mostProbable(logits));
    for (const size_t place : greedy) choices[place].token = best[static_cast<size_t>(rows[place])];
  }
  for (const Places& places : groups) {
    const std::vector<int64_t> tokens = sampleEqually(rowsOf(logits, rows, places), options, places);
    for (size_t i = 0; i < places.size(); ++i) choices[places[i]].token = tokens[i];
  }
  if (!explained.empty()) setLogProbs(rowsOf(logits, rows, explained), options, explained, choices);
  return choices;
}

}  // namespace gptorch
