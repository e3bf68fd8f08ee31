#include "server/strategy/sampling.h"

#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/strategy/variation.h"

namespace nascent::strategy {
namespace {

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

uint64_t Bits(const space::Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<uint64_t>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return std::bit_cast<uint64_t>(*real);
  return 0;
}

}  // namespace

bool IsFeasible(const Problem& problem, const space::Genotype& genotype) {
  return problem.feasible == nullptr || problem.feasible(genotype);
}

std::optional<space::Genotype> SampleFeasible(const Problem& problem, RandomStream& random) {
  for (int i = 0; i < kSampleEffort; ++i) {
    space::Genotype genotype = problem.space->decisions().Sample(random);
    if (IsFeasible(problem, genotype)) return genotype;
  }
  return std::nullopt;
}

std::optional<space::Genotype> MutateFeasible(const Problem& problem,
                                              const space::Genotype& genotype,
                                              RandomStream& random) {
  for (int i = 0; i < kMutateEffort; ++i) {
    space::Genotype child = Mutate(problem.space->decisions(), genotype, random);
    if (IsFeasible(problem, child)) return child;
  }
  return std::nullopt;
}

Answer ProposeRandom(const Problem& problem, RandomStream& random, std::string reason) {
  std::optional<space::Genotype> genotype = SampleFeasible(problem, random);
  if (!genotype.has_value()) return Exhausted();
  Proposal proposal;
  proposal.genotype = *std::move(genotype);
  proposal.reason = std::move(reason);
  return proposal;
}

uint64_t Fingerprint(const space::Genotype& genotype) {
  uint64_t hash = 0x9E3779B97F4A7C15;
  for (const space::Value& value : genotype.values) {
    hash = Mix(hash ^ (Bits(value) + 0x632BE59BD9B4E019 * (value.index() + 1)));
  }
  return hash;
}

std::string DescribeChange(const Problem& problem, const space::Genotype& from,
                           const space::Genotype& to) {
  const auto& decisions = problem.space->decisions().decisions();
  std::string first;
  int more = 0;
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (from.values[i] == to.values[i]) continue;
    if (first.empty()) {
      first = decisions[i].label.substr(0, 120);
    } else {
      ++more;
    }
  }
  if (first.empty()) return "nothing";
  return more == 0 ? first : absl::StrCat(first, " and ", more, " more");
}

RandomStream SideStream(const Problem& problem, StreamPurpose purpose, int64_t number) {
  return RandomStream(problem.seed + 0xA0761D6478BD642F * (static_cast<uint64_t>(purpose) + 1),
                      static_cast<uint64_t>(number));
}

}  // namespace nascent::strategy
