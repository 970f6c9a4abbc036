#pragma once

#include <functional>
#include <vector>

namespace llmx::method {

/// A point of a quadrature rule on [0, 1].
struct PathNode {
    double at = 0;
    double weight = 0;
};

/// The rule that is exact to degree 2 count - 1, of `count` > 0 points in ascending order, in a time that
/// grows as its square. `go_on` is called now and then; what it throws ends the work.
std::vector<PathNode> gauss_legendre(int count, const std::function<void()>& go_on);

}  // namespace llmx::method
