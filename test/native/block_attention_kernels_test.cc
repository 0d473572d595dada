// The CUDA kernels of block_attention, run by threads of the CPU.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "check.h"
#include "fake_cuda.h"

#define CUDA_KERNEL_ASSERT(condition) gptorch::test::check(condition, #condition)
#include "ops/block_attention/cuda/attend.cuh"

namespace gptorch::test {

namespace {

constexpr int64_t kLength = ops::AttentionBlocks::kLength;

struct Sizes {
  int64_t heads, headWidth;
  int64_t window = 0;

  int64_t inner() const { return heads * headWidth; }
};

/// A text of so many tokens, of which the last are a step's new rows.
struct Text {
  int64_t length, fresh;
};

/// Query, key and value of each token of a text: (length, 3 · inner).
std::vector<float> draw(const Sizes& sizes, int64_t length, size_t seed) {
  std::vector<float> tokens(length * 3 * sizes.inner());
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<float>(2 * std::sin(static_cast<double>(i + 7919 * seed) * 12.9898));
  }
  return tokens;
}

/// The formula, in double: the attention of one row of a text, (inner).
std::vector<double> expected(const Sizes& sizes, const std::vector<float>& tokens, int64_t row) {
  const int64_t inner = sizes.inner(), first = sizes.window > 0 ? std::max<int64_t>(0, row + 1 - sizes.window) : 0;
  std::vector<double> mixed(inner);
  for (int64_t head = 0; head < sizes.heads; ++head) {
    const auto at = [&](int64_t i, int64_t part, int64_t d) {
      return static_cast<double>(tokens[(i * 3 + part) * inner + head * sizes.headWidth + d]);
    };
    double sum = 0;
    for (int64_t i = first; i <= row; ++i) {
      double score = 0;
      for (int64_t d = 0; d < sizes.headWidth; ++d) score += at(row, 0, d) * at(i, 1, d);
      const double weight = std::exp(score / std::sqrt(static_cast<double>(sizes.headWidth)));
      sum += weight;
      for (int64_t d = 0; d < sizes.headWidth; ++d) mixed[head * sizes.headWidth + d] += weight * at(i, 2, d);
    }
    for (int64_t d = 0; d < sizes.headWidth; ++d) mixed[head * sizes.headWidth + d] /= sum;
  }
  return mixed;
}

/// Blocks in no order, full of NaN where nothing has been put, and the tables of some texts.
template <typename T>
class Cache {
 public:
  Cache(const Sizes& sizes, const std::vector<Text>& texts) : sizes_(sizes) {
    for (const Text& text : texts) width_ = std::max(width_, (text.length + kLength - 1) / kLength);
    // Wider than any text needs.
    ++width_;
    blocks_ = static_cast<int64_t>(texts.size()) * width_ + 1;
    std::vector<int32_t> order(blocks_);
    std::iota(order.rbegin(), order.rend(), 0);
    tables_.assign(texts.size() * width_, -1);
    for (size_t i = 0; i < texts.size(); ++i) {
      const int64_t own = (texts[i].length + kLength - 1) / kLength;
      std::copy_n(order.begin() + static_cast<int64_t>(i) * width_, own, tables_.begin() + i * width_);
    }
    const T nothing(std::numeric_limits<float>::quiet_NaN());
    keys_.assign(blocks_ * sizes.inner() * kLength, nothing);
    values_ = keys_;
  }

  ops::AttentionRows<T> rows(const std::vector<float>& input, const std::vector<int32_t>& sequences,
                             const std::vector<int32_t>& positions, bool lastOnly) {
    return {input.data(),
            keys_.data(),
            values_.data(),
            tables_.data(),
            sequences.data(),
            positions.data(),
            static_cast<int64_t>(sequences.size()),
            blocks_,
            static_cast<int64_t>(tables_.size()) / width_,
            width_,
            sizes_.heads,
            sizes_.headWidth,
            sizes_.window,
            lastOnly};
  }

  int64_t width() const { return width_; }
  /// Elements that have been put into keys and values.
  int64_t filled() const {
    const auto isNumber = [](T value) { return !std::isnan(static_cast<float>(value)); };
    return std::count_if(keys_.begin(), keys_.end(), isNumber) +
           std::count_if(values_.begin(), values_.end(), isNumber);
  }

 private:
  Sizes sizes_;
  int64_t width_ = 0, blocks_ = 0;
  std::vector<int32_t> tables_;
  std::vector<T> keys_, values_;
};

template <typename T>
void store(const ops::AttentionRows<T>& rows) {
  const int64_t threads = rows.rows * rows.inner();
  launch(static_cast<unsigned int>((threads + ops::kStoreThreads - 1) / ops::kStoreThreads), ops::kStoreThreads,
         [&] { ops::storeRows(rows); });
}

/// As attendIn of block_attention.cc, with `together` rows at once.
template <typename T>
std::vector<float> attend(const ops::AttentionRows<T>& rows, int64_t together) {
  const int64_t places = ops::AttentionSplits::kLength;
  const int64_t count = (rows.tableWidth * kLength + places - 1) / places;
  std::vector<float> buffer(together * ops::AttentionSplits::floatsOf(rows.heads, count, rows.headWidth), NAN);
  std::vector<float> output((rows.lastOnly ? rows.tableRows : rows.rows) * rows.inner(), -1.0f);
  for (int64_t first = 0; first < rows.rows; first += together) {
    const int64_t each = together * rows.heads * count, now = std::min(together, rows.rows - first);
    const ops::AttentionSplits splits{first, count, buffer.data(), buffer.data() + each, buffer.data() + 2 * each};
    launch(static_cast<unsigned int>(now * rows.heads * count), ops::kSplitThreads,
           [&] { ops::attendSplit(rows, splits); });
    launch(static_cast<unsigned int>(now * rows.heads), ops::kCombineThreads,
           [&] { ops::combineSplits(rows, splits, output.data()); });
  }
  return output;
}

/// A step over some texts with two rows of padding behind, against the formula.
template <typename T>
void checkStep(const Sizes& sizes, const std::vector<Text>& texts, double tolerance, bool lastOnly, int64_t together) {
  Cache<T> cache(sizes, texts);
  const int64_t inner = sizes.inner();
  std::vector<float> before, input;
  std::vector<int32_t> beforeSequences, beforePositions, sequences, positions;
  std::vector<std::vector<double>> exact;
  int64_t tokens = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    std::vector<float> text = draw(sizes, texts[i].length, i);
    // What a cache of two bytes keeps of keys and values; queries stay.
    for (size_t j = 0; j < text.size(); ++j) {
      if (static_cast<int64_t>(j) / inner % 3 != 0) text[j] = static_cast<float>(T(text[j]));
    }
    for (int64_t row = 0; row < texts[i].length; ++row) {
      const bool isNew = row >= texts[i].length - texts[i].fresh;
      std::vector<float>& to = isNew ? input : before;
      to.insert(to.end(), text.begin() + row * 3 * inner, text.begin() + (row + 1) * 3 * inner);
      (isNew ? sequences : beforeSequences).push_back(static_cast<int32_t>(i));
      (isNew ? positions : beforePositions).push_back(static_cast<int32_t>(row));
      if (isNew && (!lastOnly || row + 1 == texts[i].length)) exact.push_back(expected(sizes, text, row));
    }
    tokens += texts[i].length;
  }
  for (int padding = 0; padding < 2; ++padding) {
    input.insert(input.end(), 3 * inner, NAN);
    sequences.push_back(-1);
    positions.push_back(0);
    if (!lastOnly) exact.push_back(std::vector<double>(inner));
  }
  store(cache.rows(before, beforeSequences, beforePositions, false));
  const ops::AttentionRows<T> rows = cache.rows(input, sequences, positions, lastOnly);
  store(rows);
  checkEqual(cache.filled(), 2 * tokens * inner);
  const std::vector<float> output = attend(rows, together);
  checkEqual(static_cast<int64_t>(output.size()), static_cast<int64_t>(exact.size()) * inner);
  for (size_t i = 0; i < output.size(); ++i) {
    const double difference = std::abs(output[i] - exact[i / inner][i % inner]);
    check(difference <= tolerance, "row " + std::to_string(i / inner) + ", element " + std::to_string(i % inner) +
                                       " is " + std::to_string(output[i]) + " where " +
                                       std::to_string(exact[i / inner][i % inner]) + " was expected");
  }
}

// Values are up to 2.
constexpr double kTolerance = 4e-6;

void attendsByTheFormula() {
  // One place; a block's end and one more; a split's end and one more; many splits.
  for (const int64_t length : {1, 32, 33, 64, 65, 200}) checkStep<float>({1, 5}, {{length, 1}}, kTolerance, false, 3);
  // A head of one element; one that is longer than what is mixed together.
  checkStep<float>({2, 1}, {{70, 1}}, kTolerance, false, 3);
  checkStep<float>({2, 131}, {{70, 1}}, kTolerance, false, 3);
}

void attendsOfManyTexts() {
  const std::vector<Text> texts = {{3, 3}, {100, 1}, {65, 2}, {1, 1}};
  checkStep<float>({2, 12}, texts, kTolerance, false, 100);
  checkStep<float>({2, 12}, texts, kTolerance, false, 4);
  checkStep<float>({2, 12}, texts, kTolerance, true, 100);
}

void attendsInAWindow() {
  for (const int64_t window : {1, 64, 90}) {
    checkStep<float>({1, 6, window}, {{150, 1}, {66, 3}, {2, 1}}, kTolerance, false, 100);
  }
}

void attendsOfTwoByteNumbers() { checkStep<Bfloat16>({2, 40}, {{80, 2}, {5, 1}}, kTolerance, false, 100); }

/// What other rows, wider tables and more splits are beside it changes no bit.
void aRowIsTheSameInAnyCompany() {
  const Sizes sizes{2, 8};
  const auto run = [&](const std::vector<Text>& texts) {
    Cache<float> cache(sizes, texts);
    std::vector<float> output;
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::vector<float> text = draw(sizes, texts[i].length, i);
      std::vector<int32_t> positions(texts[i].length);
      std::iota(positions.begin(), positions.end(), 0);
      const std::vector<int32_t> sequences(positions.size(), static_cast<int32_t>(i));
      const auto rows = cache.rows(text, sequences, positions, true);
      store(rows);
      const std::vector<float> last = attend(rows, 2);
      output.insert(output.end(), last.begin() + i * sizes.inner(), last.begin() + (i + 1) * sizes.inner());
    }
    return output;
  };
  const std::vector<float> alone = run({{40, 1}}), beside = run({{40, 1}, {70, 1}});
  check(std::equal(alone.begin(), alone.end(), beside.begin()), "a row differs beside a longer text");
}

}  // namespace

std::vector<Test> blockAttentionKernelTests() {
  return {{"block_attention's CUDA kernels give the formula's numbers", attendsByTheFormula},
          {"so they do for many rows of many texts, and for last ones alone", attendsOfManyTexts},
          {"so they do in a window", attendsInAWindow},
          {"so they do from keys and values of two bytes", attendsOfTwoByteNumbers},
          {"and a row's bits depend on nothing beside it", aRowIsTheSameInAnyCompany}};
}

}  // namespace gptorch::test
