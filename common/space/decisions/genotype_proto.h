// Genotypes and domains at the edges: conversion from and to the messages of proto/.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_PROTO_H_
#define NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_PROTO_H_

#include "absl/status/statusor.h"
#include "common/space/decisions/decision_space.h"
#include "nascent/v1/space.pb.h"

namespace nascent::space {

// Active decisions only, in order, by label.
v1::Genotype ToProto(const DecisionSpace& space, const Genotype& genotype);

// In any order. INVALID_ARGUMENT with the label: unknown, twice, missing, not active, out of range.
absl::StatusOr<Genotype> FromProto(const DecisionSpace& space, const v1::Genotype& message);

v1::Domain ToProto(const Domain& domain);

// INVALID_ARGUMENT: not exactly one kind, or what ValidateDomain refuses.
absl::StatusOr<Domain> FromProto(const v1::Domain& message);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_GENOTYPE_PROTO_H_
