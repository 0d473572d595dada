#include "decode/choice.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/topk.h>

#include <algorithm>

#include "decode/transfer.h"
#include "engine/random.h"

namespace gptorch {

namespace {

/// Choices, by their places among all, that are made the same way.
using Places = std::vector<size_t>;

bool isPlainArgmax(const Sampling& sampling) { return sampling.temperature == 0 && sampling.repetitionPenalty == 1; }

/// Some rows of the logits.
class Rows {
 public:
  Rows(const at::Tensor& logits, std::span<const int64_t> rows, const Places& places, Upload& upload) {
    std::vector<int64_t> picked;
    for (const size_t place : places) picked.push_back(rows[place]);
    bool isAll = static_cast<int64_t>(picked.size()) == logits.size(0);
    for (size_t i = 0; isAll && i < picked.size(); ++i) isAll = picked[i] == static_cast<int64_t>(i);
    if (!isAll) picked_ = upload.add(picked);
  }

  /// (places, vocabSize)
  at::Tensor of(const at::Tensor& logits, const Upload& upload) const {
    return picked_ ? logits.index_select(0, upload.integers(*picked_)) : logits;
  }

 private:
  std::optional<Upload::Part> picked_;
};

/// Choices with equal sampling.
class SampledGroup {
 public:
  SampledGroup(const at::Tensor& logits, std::span<const int64_t> rows, std::span<const ChoiceOptions> options,
               Places places, Upload& upload)
      : places_(std::move(places)), sampling_(options[places_.front()].sampling), rows_(logits, rows, places_, upload) {
    if (sampling_.repetitionPenalty != 1) addSeen(options, upload);
    if (sampling_.temperature == 0) return;
    std::vector<double> uniforms;
    for (const size_t place : places_) uniforms.push_back(uniform(options[place].key, 0));
    uniforms_ = upload.add(uniforms);
  }

  /// (places) int64
  at::Tensor choose(const at::Tensor& all, const Upload& upload) const {
    at::Tensor logits = rows_.of(all, upload);  // (places, vocabSize)
    if (sampling_.repetitionPenalty != 1) {
      const at::Tensor seen = upload.integers(seen_).view({static_cast<int64_t>(places_.size()), -1});
      logits = penalizeRepetition(logits, seen, sampling_.repetitionPenalty);
    }
    if (sampling_.temperature == 0) return mostProbable(logits);
    return drawTokens(filterLogits(logits, {}, sampling_), upload.doubles(uniforms_));
  }

 private:
  /// (places, longest): shorter texts name one of their tokens several times, which counts once.
  void addSeen(std::span<const ChoiceOptions> options, Upload& upload) {
    size_t longest = 0;
    for (const size_t place : places_) longest = std::max(longest, options[place].seen.size());
    std::vector<int64_t> seen;
    for (const size_t place : places_) {
      const std::span<const int64_t> own = options[place].seen;
      seen.insert(seen.end(), own.begin(), own.end());
      seen.insert(seen.end(), longest - own.size(), own.front());
    }
    seen_ = upload.add(seen);
  }

  Places places_;
  Sampling sampling_;
  Rows rows_;
  Upload::Part uniforms_, seen_;
};

/// Choices of which log-probabilities are told.
class ExplainedGroup {
 public:
  /// @param chosen where each choice's token stands among all that are chosen
  ExplainedGroup(const at::Tensor& logits, std::span<const int64_t> rows, std::span<const ChoiceOptions> options,
                 Places places, std::span<const int64_t> chosen, Upload& upload)
      : places_(std::move(places)), rows_(logits, rows, places_, upload) {
    std::vector<int64_t> own;
    for (const size_t place : places_) {
      own.push_back(chosen[place]);
      most_ = std::max(most_, options[place].top);
    }
    most_ = std::min(most_, logits.size(-1));
    own_ = upload.add(own);
  }

  /// What `tell` needs: each row's log Σ exp, its token's logit, and its most probable tokens with their logits.
  std::vector<at::Tensor> compute(const at::Tensor& all, const at::Tensor& tokens, const Upload& upload) const {
    const at::Tensor logits = rows_.of(all, upload);  // (places, vocabSize)
    // Without a token nobody asks for its probability.
    const at::Tensor chosen = tokens.index_select(0, upload.integers(own_)).clamp_min(0);  // (places)
    std::vector<at::Tensor> values = {logits.logsumexp(-1), logits.gather(-1, chosen.unsqueeze(-1))};
    if (most_ == 0) return values;
    const auto [topLogits, topTokens] = logits.topk(most_);  // (places, most)
    values.insert(values.end(), {topLogits, topTokens});
    return values;
  }

  void tell(std::span<const std::vector<double>> values, std::span<const ChoiceOptions> options,
            std::vector<Choice>& choices) const {
    for (size_t i = 0; i < places_.size(); ++i) {
      const ChoiceOptions& wanted = options[places_[i]];
      Choice& choice = choices[places_[i]];
      const double sum = values[0][i];
      if (wanted.logProb) choice.logProb = values[1][i] - sum;
      for (int64_t k = 0; k < std::min(wanted.top, most_); ++k) {
        const size_t index = i * static_cast<size_t>(most_) + static_cast<size_t>(k);
        choice.top.push_back({static_cast<int64_t>(values[3][index]), values[2][index] - sum});
      }
    }
  }

 private:
  Places places_;
  Rows rows_;
  int64_t most_ = 0;
  Upload::Part own_;
};

/// Choices that are drawn, those of equal sampling together.
std::vector<Places> drawn(std::span<const ChoiceOptions> options) {
  std::vector<Places> groups;
  for (size_t i = 0; i < options.size(); ++i) {
    if (isPlainArgmax(options[i].sampling)) continue;
    const auto equal = std::find_if(groups.begin(), groups.end(), [&](const Places& places) {
      return options[places.front()].sampling == options[i].sampling;
    });
    if (equal == groups.end()) {
      groups.push_back({i});
    } else {
      equal->push_back(i);
    }
  }
  return groups;
}

}  // namespace

std::vector<Choice> choose(const at::Tensor& logits, std::span<const int64_t> rows,
                           std::span<const ChoiceOptions> options) {
  Upload upload;
  std::vector<int64_t> chosen(options.size(), -1);  // where each choice's token will stand among all
  int64_t count = 0;
  std::vector<SampledGroup> groups;
  for (Places& places : drawn(options)) {
    for (const size_t place : places) chosen[place] = count++;
    groups.emplace_back(logits, rows, options, std::move(places), upload);
  }
  Places explained;
  bool greedy = false;
  for (size_t i = 0; i < options.size(); ++i) {
    if (options[i].logProb || options[i].top > 0) explained.push_back(i);
    if (chosen[i] >= 0) continue;
    // Of all rows: cheaper than copying some.
    chosen[i] = count + rows[i];
    greedy = true;
  }
  std::optional<ExplainedGroup> explanation;
  if (!explained.empty()) explanation.emplace(logits, rows, options, std::move(explained), chosen, upload);
  upload.send(logits.device());

  std::vector<at::Tensor> parts;
  for (const SampledGroup& group : groups) parts.push_back(group.choose(logits, upload));
  if (greedy) parts.push_back(mostProbable(logits));
  std::vector<at::Tensor> values = {parts.size() == 1 ? parts.front() : at::cat(parts)};
  if (explanation) {
    const std::vector<at::Tensor> more = explanation->compute(logits, values.front(), upload);
    values.insert(values.end(), more.begin(), more.end());
  }
  const std::vector<std::vector<double>> read = readTogether(values);
  std::vector<Choice> choices(options.size());
  for (size_t i = 0; i < options.size(); ++i) {
    choices[i].token = static_cast<int64_t>(read.front()[static_cast<size_t>(chosen[i])]);
  }
  if (explanation) explanation->tell(std::span(read).subspan(1), options, choices);
  return choices;
}

}  // namespace gptorch
