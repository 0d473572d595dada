// What c10d's ProcessGroupGloo.hpp names of gloo, declared and no more: libtorch has gloo inside, but its package has
// not gloo's headers. Only pointers to these classes pass through our code, and no member of theirs is called or laid
// out here.
#pragma once

#include <chrono>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
