#include "decode/fair_queue.h"

#include <vector>

#include "check.h"

namespace gptorch::test {

namespace {

std::vector<int> drain(FairQueue<int>& queue) {
  std::vector<int> order;
  while (!queue.empty()) {
    const int front = queue.front();
    order.push_back(queue.pop());
    checkEqual(front, order.back());
  }
  return order;
}

void takesTurnsBetweenClients() {
  FairQueue<int> queue;
  for (int i = 0; i < 4; ++i) queue.push("busy", i);
  queue.push("late", 10);
  queue.push("later", 20);
  queue.push("late", 11);
  checkEqual(queue.size(), size_t{7});
  check(drain(queue) == std::vector<int>{0, 10, 20, 1, 11, 2, 3}, "one after another");
}

void letsAnItemBackIn() {
  FairQueue<int> queue;
  for (const int item : {1, 2}) queue.push("a", item);
  queue.push("b", 3);
  checkEqual(queue.pop(), 1);
  queue.pushFirst("a", 1);
  check(drain(queue) == std::vector<int>{1, 3, 2}, "before all others");
}

void losesClientsWithNothingLeft() {
  FairQueue<int> queue;
  queue.push("a", 1);
  queue.push("b", 2);
  queue.push("b", 3);
  queue.erase("a", 1);
  queue.erase("b", 4);
  queue.erase("nobody", 1);
  queue.erase("b", 2);
  checkEqual(queue.size(), size_t{1});
  int seen = 0;
  queue.forEach([&seen](int item) { seen += item; });
  checkEqual(seen, 3);
  queue.push("a", 5);
  check(drain(queue) == std::vector<int>{3, 5}, "its turn begins anew");
}

}  // namespace

std::vector<Test> fairQueueTests() {
  return {{"the fair queue takes turns between clients", takesTurnsBetweenClients},
          {"the fair queue lets an item back in", letsAnItemBackIn},
          {"the fair queue loses clients with nothing left", losesClientsWithNothingLeft}};
}

}  // namespace gptorch::test
