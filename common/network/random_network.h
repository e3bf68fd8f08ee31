// Random networks for tests of what must hold for any network.

#ifndef NASCENT_COMMON_NETWORK_RANDOM_NETWORK_H_
#define NASCENT_COMMON_NETWORK_RANDOM_NETWORK_H_

#include "common/network/network.h"
#include "common/random.h"

namespace nascent::network {

// About `size` nodes on 4 × 8 × 8 images with a classifier at the end: operations of every kind
// that the rules of live networks tell apart, many zeros, identities and dead ends.
Network RandomNetwork(RandomStream& random, int size);

// The same network with other paths, another order of nodes and of the inputs of commutative
// operations, more identities, and sums put together in another way.
Network Disguise(const Network& network, RandomStream& random);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_RANDOM_NETWORK_H_
