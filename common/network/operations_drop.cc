#include <utility>

#include "common/network/operation_families.h"

namespace nascent::network {
namespace {

Operation Drop(std::string name, std::string description) {
  Operation drop;
  drop.name = std::move(name);
  drop.description = std::move(description);
  drop.random = true;
  drop.infer = SameShape;
  drop.on_zero = StaysZero;
  drop.is_identity = [](const Attributes& attributes, const Shape&) {
    return RealOf(attributes, "p") == 0;
  };
  return drop;
}

}  // namespace

std::vector<Operation> DropOperations() {
  Operation dropout = Drop("dropout",
                           "While training, sets each value to zero with probability p and divides "
                           "the others by 1 - p (PyTorch's Dropout); else the identity.");
  dropout.attributes = {RealSpec("p", 0.5, 0, 1, "Probability.")};
  Operation path =
      Drop("drop_path",
           "While training, sets whole images to zero with the probability "
           "`recipe.drop_path` and divides the others by 1 minus it; else the identity.");
  path.attributes = {RealSpec("p", 0.1, 0, 0.999, "0: never. What else it is changes nothing.")};
  return {dropout, path};
}

}  // namespace nascent::network
