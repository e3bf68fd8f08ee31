// The key of a live network: equal for networks that compute and learn the same.

#ifndef NASCENT_COMMON_NETWORK_KEY_H_
#define NASCENT_COMMON_NETWORK_KEY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/network/network.h"

namespace nascent::network {

// Rises whenever the same network would get another key.
inline constexpr int kKeyVersion = 1;

// Enough for 2,000 nodes within 50 ms.
inline constexpr int64_t kKeyWorkLimit = 400'000;

struct Key {
  std::string hex;  // SHA-256 of the canonically labelled graph, 64 hexadecimal digits
  // False: the work limit was reached; the key is of the network as it stands, equal only for equal
  // node order, and starts with "u".
  bool canonical = true;
  // For each position of the canonical order the index of the node that stands there.
  std::vector<int> order;
};

// `live`: a result of Live. Canonical labelling by nauty (McKay & Piperno 2014) of a coloured
// graph: colours are operation, attributes, shape and argument position; inputs of commutative
// operations have no order; twins are collapsed with their multiplicity.
// `work_limit`: how many nodes of the labelling's search tree are looked at, times the vertices.
Key ComputeKey(const Network& live, int64_t work_limit = kKeyWorkLimit);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_KEY_H_
