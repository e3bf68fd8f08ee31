// The live network: what is left of a network when everything is removed that cannot matter. It is
// what is keyed, trained, measured, costed and exported.

#ifndef NASCENT_COMMON_NETWORK_LIVE_H_
#define NASCENT_COMMON_NETWORK_LIVE_H_

#include "common/network/network.h"

namespace nascent::network {

// Rules: identities are contracted and sums flattened with multiplicity; deterministic operations
// without parameters on the same input are one; zero is dropped from sums, annihilates products and
// stays in concatenations and means; an operation on zero gives zero (OnZero::kZero) or becomes the
// operation "constant" (OnZero::kConstant), a learned vector per channel; what does not reach an
// output is dropped. Nothing is merged that could learn differently. Paths of nodes that stay are
// unchanged. Idempotent.
Network Live(const Network& network);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_LIVE_H_
