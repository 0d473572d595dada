#include "ops/linear_cross_entropy/exponential_sum.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.h"

namespace gptorch::test {

namespace {

using ops::ExponentialSum;

void checkNear(double actual, double expected) {
  check(std::abs(actual - expected) <= 1e-6 * std::abs(expected),
        std::to_string(actual) + " where " + std::to_string(expected) + " was expected");
}

/// log Σ e^value in double, of all at once.
double expectedLogSum(const std::vector<float>& values) {
  double highest = values[0], sum = 0;
  for (const float value : values) highest = std::max(highest, static_cast<double>(value));
  for (const float value : values) sum += std::exp(value - highest);
  return std::log(sum) + highest;
}

/// As the threads of a block do: each every n-th value, then joined.
ExponentialSum<float> shared(const std::vector<float>& values, size_t threads) {
  ExponentialSum<float> all;
  for (size_t thread = 0; thread < threads; ++thread) {
    ExponentialSum<float> mine;
    for (size_t i = thread; i < values.size(); i += threads) mine.add(values[i]);
    all.join(mine);
  }
  return all;
}

double logSum(const ExponentialSum<float>& sum) {
  return std::log(static_cast<double>(sum.sum)) + static_cast<double>(sum.highest);
}

std::vector<float> someValues() {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<float>(50 * std::sin(i * 12.9898)));
  return values;
}

void isTheSameHoweverShared() {
  const std::vector<float> values = someValues();
  // Of 4,096 threads most see nothing.
  for (const size_t threads : {size_t{1}, size_t{32}, size_t{512}, size_t{4096}}) {
    checkNear(logSum(shared(values, threads)), expectedLogSum(values));
  }
}

void standsInfinitelyLowValues() {
  std::vector<float> values = someValues();
  const double expected = expectedLogSum(values);
  values.insert(values.begin(), -std::numeric_limits<float>::infinity());
  for (const size_t threads : {size_t{1}, size_t{7}, size_t{4096}})
    checkNear(logSum(shared(values, threads)), expected);
}

void notANumberStays() {
  std::vector<float> values = someValues();
  values[500] = std::numeric_limits<float>::quiet_NaN();
  for (const size_t threads : {size_t{1}, size_t{7}, size_t{4096}}) {
    check(std::isnan(shared(values, threads).sum), "a value that is not a number was lost");
  }
}

}  // namespace

std::vector<Test> exponentialSumTests() {
  return {{"a softmax's sum is the same however shared among threads", isTheSameHoweverShared},
          {"a softmax's sum stands infinitely low values", standsInfinitelyLowValues},
          {"a softmax's sum keeps what is not a number", notANumberStays}};
}

}  // namespace gptorch::test
