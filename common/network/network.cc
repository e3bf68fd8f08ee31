#include "common/network/network.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/saturating.h"

namespace nascent::network {

std::string ToText(const Shape& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dimension : shape) count = SaturatingProduct(count, dimension);
  return count;
}

}  // namespace nascent::network
