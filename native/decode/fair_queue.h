#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

namespace gptorch {

/// A waiting line of several clients: first come, first served within a client, one after another between them, so that
/// a client with a thousand requests delays another's one by a single turn. Free of torch, so that it is tested alone.
template <typename T>
class FairQueue {
 public:
  bool empty() const { return turns_.empty(); }
  size_t size() const { return size_; }

  void push(const std::string& client, T item) {
    lineOf(client).push_back(std::move(item));
    ++size_;
  }

  /// Puts an item before all others of its client, whose turn it is next.
  void pushFirst(const std::string& client, T item) {
    lineOf(client).push_front(std::move(item));
    ++size_;
    std::erase(turns_, client);
    turns_.push_front(client);
  }

  /// Whose turn it is; not where the queue is empty.
  const T& front() const { return lines_.at(turns_.front()).front(); }

  /// Takes it out; its client's next one comes after all other clients'.
  T pop() {
    const std::string client = std::move(turns_.front());
    turns_.pop_front();
    const auto line = lines_.find(client);
    T item = std::move(line->second.front());
    line->second.pop_front();
    --size_;
    if (line->second.empty()) {
      lines_.erase(line);
    } else {
      turns_.push_back(client);
    }
    return item;
  }

  /// Takes an item of this client out, where it is there.
  void erase(const std::string& client, const T& item) {
    const auto line = lines_.find(client);
    if (line == lines_.end()) return;
    size_ -= std::erase(line->second, item);
    if (!line->second.empty()) return;
    lines_.erase(line);
    std::erase(turns_, client);
  }

  /// Calls `look(item)` for each item.
  template <typename Look>
  void forEach(const Look& look) const {
    for (const auto& [client, line] : lines_) {
      for (const T& item : line) look(item);
    }
  }

 private:
  std::deque<T>& lineOf(const std::string& client) {
    const auto [line, isNew] = lines_.try_emplace(client);
    if (isNew) turns_.push_back(client);
    return line->second;
  }

  /// Of each client that waits for something.
  std::unordered_map<std::string, std::deque<T>> lines_;
  std::deque<std::string> turns_;
  size_t size_ = 0;
};

}  // namespace gptorch
