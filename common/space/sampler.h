// Draws genotypes that a space's rules and bounds on costs allow, and knows how many are.

#ifndef NASCENT_COMMON_SPACE_SAMPLER_H_
#define NASCENT_COMMON_SPACE_SAMPLER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "common/space/cost_bound.h"
#include "common/space/space.h"

namespace nascent::space {

// Not thread-safe; `space` outlives it.
class Sampler {
 public:
  explicit Sampler(const Space& space, std::vector<CostBound> bounds = {})
      : space_(space), bounds_(std::move(bounds)) {}

  // Uniform over what is allowed. RESOURCE_EXHAUSTED when none of `effort` draws is, with the share
  // that passed so far and why the last one did not.
  absl::StatusOr<Genotype> Sample(RandomStream& random, int64_t effort = 10000);

  // OK: the space's rules and the bounds allow it.
  absl::Status Check(const Genotype& genotype) const;

  int64_t drawn() const { return drawn_; }
  int64_t passed() const { return passed_; }
  // "12.5 % of 200 sampled genotypes"; where none passed, the share below which the true one lies
  // with 95 % confidence: "fewer than 0.15 % (none of 2000 sampled genotypes)".
  std::string ShareText() const;
  // Why genotypes were not allowed, the most frequent reason; empty: all were.
  std::string MainReason() const;

 private:
  const Space& space_;
  const std::vector<CostBound> bounds_;
  int64_t drawn_ = 0;
  int64_t passed_ = 0;
  std::map<std::string, int64_t> reasons_;  // the first ones, how often each
};

// A genotype that the space's rules allow; RESOURCE_EXHAUSTED after `effort` draws.
absl::StatusOr<Genotype> Sample(const Space& space, RandomStream& random, int64_t effort = 10000);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_SAMPLER_H_
