#include "common/network/sums.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace nascent::network {

void AddTerm(Terms& terms, int term, int64_t times) {
  for (auto& [known, known_times] : terms) {
    if (known == term) {
      known_times = SaturatingSum(known_times, times);
      return;
    }
  }
  terms.emplace_back(term, times);
}

Terms TermsOf(std::span<const int> inputs, const Attributes& attributes) {
  const auto& multiplicity = IntegersOf(attributes, "multiplicity");
  Terms terms;
  absl::flat_hash_map<int, size_t> places;  // only where a linear search would take long
  for (size_t k = 0; k < inputs.size(); ++k) {
    const int64_t times = multiplicity.empty() ? 1 : multiplicity[k];
    if (inputs.size() <= kMostTerms) {
      AddTerm(terms, inputs[k], times);
      continue;
    }
    const auto [place, is_new] = places.try_emplace(inputs[k], terms.size());
    if (is_new) terms.emplace_back(inputs[k], 0);
    terms[place->second].second = SaturatingSum(terms[place->second].second, times);
  }
  return terms;
}

void SortTerms(Terms& terms) { std::ranges::sort(terms); }

}  // namespace nascent::network
