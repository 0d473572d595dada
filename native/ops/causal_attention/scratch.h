#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace gptorch::ops::causal_attention {

/// Memory for a thread's intermediate results, kept from call to call.
template <class T>
class Scratch {
 public:
  /// Makes room for `count` elements and takes back all that was given.
  void reset(int64_t count) {
    taken_ = 0;
    if (count <= capacity_) return;
    data_.reset();
    const size_t bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(kAlignment, bytes)));
    capacity_ = data_ ? count : 0;
    if (!data_) throw std::bad_alloc();
  }

  /// `count` elements that hold anything, from the beginning of a cache line.
  T* take(int64_t count) {
    T* const given = data_.get() + taken_;
    taken_ += padded(count);
    return given;
  }

  /// What take(count) takes.
  static constexpr int64_t padded(int64_t count) {
    constexpr int64_t kLine = kAlignment / sizeof(T);
    return (count + kLine - 1) / kLine * kLine;
  }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T, Free> data_;
  int64_t capacity_ = 0, taken_ = 0;
};

}  // namespace gptorch::ops::causal_attention
