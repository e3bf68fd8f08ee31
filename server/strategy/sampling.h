// Genotypes that may be proposed: drawn at random, changed, told apart.

#ifndef NASCENT_SERVER_STRATEGY_SAMPLING_H_
#define NASCENT_SERVER_STRATEGY_SAMPLING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/random.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

// So many genotypes SampleFeasible draws before it gives up.
inline constexpr int kSampleEffort = 10000;
// So many changes MutateFeasible tries before it gives up.
inline constexpr int kMutateEffort = 100;

// Asks Problem::feasible; where that is unset, every genotype is feasible.
bool IsFeasible(const Problem& problem, const space::Genotype& genotype);

// Draws uniformly from the feasible genotypes; gives nothing when kSampleEffort draws found none.
std::optional<space::Genotype> SampleFeasible(const Problem& problem, RandomStream& random);

// Returns a feasible genotype one mutation away from `genotype`; nothing when kMutateEffort tries
// found none.
std::optional<space::Genotype> MutateFeasible(const Problem& problem,
                                              const space::Genotype& genotype,
                                              RandomStream& random);

// Returns a random proposal, or Exhausted when SampleFeasible finds none.
Answer ProposeRandom(const Problem& problem, RandomStream& random, std::string reason);

// Returns 64 bits that are the same on every machine and in every run; equal genotypes have equal
// ones, and different ones differ but for odds of 2⁻⁶⁴.
uint64_t Fingerprint(const space::Genotype& genotype);

// Names the decisions in which two genotypes differ, for reasons: "node1" or "node1 and 2 more".
std::string DescribeChange(const Problem& problem, const space::Genotype& from,
                           const space::Genotype& to);

// What a stream of random numbers is for, beside the main one of a proposal or trial. The numbers
// are part of every logged search: one that changes makes its replay differ, and two equal ones
// would be the same stream.
enum class StreamPurpose : uint64_t {
  kRepeatReplaced = 1,   // a random genotype in the place of a repeated one; by proposal
  kNeighbours = 2,       // the order in which neighbours are tried; by trial
  kAcceptance = 3,       // whether a worse one is accepted; by trial
  kPortfolioChoice = 4,  // which member proposes; by proposal
  kRandomShare = 5,      // which proposals are random rather than a model's; by proposal
  kCalibration = 6,      // which losers go up; by bracket and rung, or by proposal
};

// Seeds of the models that a surrogate search fits, one for each objective: 1, 2, 3, … These meet
// the numbers above, and stay for the sake of replay. It does no harm: a fit takes one number as a
// seed, and its key counts results, not proposals.
constexpr StreamPurpose FitPurpose(size_t objective) {
  return static_cast<StreamPurpose>(1 + objective);
}

// Returns the stream for `purpose`, keyed by (seed, purpose, number).
RandomStream SideStream(const Problem& problem, StreamPurpose purpose, int64_t number);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SAMPLING_H_
