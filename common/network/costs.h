// Parameters, multiply-accumulates, activation memory and depth of a network, without torch.

#ifndef NASCENT_COMMON_NETWORK_COSTS_H_
#define NASCENT_COMMON_NETWORK_COSTS_H_

#include <cstdint>

#include "common/network/network.h"

namespace nascent::network {

// Counted by the rule of Costs in proto/nascent/v1/network.proto. Training-only outputs and what
// only they need do not count.
struct Costs {
  int64_t parameters = 0;
  int64_t multiply_accumulates = 0;
  // Peak bytes of node outputs alive at one time when nodes run in topological order: an output
  // lives from its node until its last reader has run. Batch 1, float32.
  int64_t activation_bytes = 0;
  // Operations with parameters on the longest path to the main output.
  int64_t depth = 0;
};

// `network` as given: call it on the published or on the live network.
Costs ComputeCosts(const Network& network);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_COSTS_H_
