// Networks, genotypes and costs at the edges: conversion from and to the messages of proto/.

#ifndef NASCENT_COMMON_NETWORK_NETWORK_PROTO_H_
#define NASCENT_COMMON_NETWORK_NETWORK_PROTO_H_

#include "absl/status/statusor.h"
#include "common/network/costs.h"
#include "common/network/network.h"
#include "nascent/v1/network.pb.h"

namespace nascent::network {

v1::Network ToProto(const Network& network);

// Checks everything that a stranger could have got wrong: order, names, attributes, shapes.
// INVALID_ARGUMENT with the field path.
absl::StatusOr<Network> FromProto(const v1::Network& message);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_NETWORK_PROTO_H_
