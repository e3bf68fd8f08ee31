// What a network computes, without computing it: each node becomes a number such that networks that
// compute the same give equal numbers, and others (but for chance) different ones. For tests.

#ifndef NASCENT_COMMON_NETWORK_SYMBOLIC_EVALUATION_H_
#define NASCENT_COMMON_NETWORK_SYMBOLIC_EVALUATION_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "common/network/network.h"

namespace nascent::network {

// One number per output. Sums, means and products are those of integers modulo 2^61 - 1; other
// operations hash their name, attributes, inputs and parameters; zero maps as the table of
// operations says. `parameters` gives for a node the number that stands for the values of its
// parameters (and of its random numbers).
std::vector<uint64_t> Evaluate(const Network& network,
                               const std::function<uint64_t(int node)>& parameters);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_SYMBOLIC_EVALUATION_H_
