#include "common/space/sampler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

constexpr size_t kMostReasons = 64;

}  // namespace

absl::Status Sampler::Check(const Genotype& genotype) const {
  if (bounds_.empty()) return space_.Check(genotype);
  // What has costs is allowed by the space.
  NASCENT_ASSIGN_OR_RETURN(const ArchitectureCosts costs, space_.ComputeCosts(genotype));
  return CheckCostBounds(bounds_, ToNamedCosts(costs));
}

absl::StatusOr<Genotype> Sampler::Sample(RandomStream& random, int64_t effort) {
  absl::Status last;
  for (int64_t i = 0; i < effort; ++i) {
    Genotype genotype = space_.decisions().Sample(random);
    ++drawn_;
    last = Check(genotype);
    if (last.ok()) {
      ++passed_;
      return genotype;
    }
    const std::string reason(last.message());
    if (reasons_.size() < kMostReasons || reasons_.contains(reason)) ++reasons_[reason];
  }
  return absl::ResourceExhaustedError(absl::StrCat("nothing allowed was found in ", effort,
                                                   " draws; allowed: ", ShareText(),
                                                   "; the last one: ", last.message()));
}

std::string Sampler::MainReason() const {
  const auto most =
      std::max_element(reasons_.begin(), reasons_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == reasons_.end() ? "" : most->first;
}

std::string Sampler::ShareText() const {
  if (drawn_ == 0) return "none sampled";
  // Where none of n passes, the share is below 3 / n with 95 % confidence.
  const double share = static_cast<double>(passed_ > 0 ? passed_ : 3) / static_cast<double>(drawn_);
  const std::string percent = absl::StrFormat("%.3g %%", 100 * std::min(share, 1.0));
  return passed_ > 0
             ? absl::StrCat(percent, " of ", drawn_, " sampled genotypes")
             : absl::StrCat("fewer than ", percent, " (none of ", drawn_, " sampled genotypes)");
}

absl::StatusOr<Genotype> Sample(const Space& space, RandomStream& random, int64_t effort) {
  return Sampler(space).Sample(random, effort);
}

}  // namespace nascent::space
