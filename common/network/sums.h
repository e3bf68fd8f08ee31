// Sums as linear combinations: what "sums flattened with multiplicity" means.

#ifndef NASCENT_COMMON_NETWORK_SUMS_H_
#define NASCENT_COMMON_NETWORK_SUMS_H_

#include <cstdint>
#include <span>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "common/network/attributes.h"
#include "common/network/network.h"
#include "common/network/saturating.h"

namespace nascent::network {

// (term, how often), each term once. Sorted by term where said so.
using Terms = absl::InlinedVector<std::pair<int, int64_t>, 4>;

// A sum of sums grows with every level; beyond these limits it is left as it stands.
inline constexpr size_t kMostTerms = 64;
inline constexpr int64_t kMostTimes = int64_t{1} << 20;

// Adds `times` times `term`; keeps the order in which terms came.
void AddTerm(Terms& terms, int term, int64_t times);

// The inputs of an "add" node with their multiplicities, in their order.
Terms TermsOf(std::span<const int> inputs, const Attributes& attributes);
inline Terms TermsOf(const Node& node) { return TermsOf(node.inputs, node.attributes); }

// `terms` with each that has an expansion (expansion(term): const Terms*, or null) replaced by it,
// sorted. `terms` sorted as they stand where the result would be too large.
template <typename Expansion>
Terms Expand(const Terms& terms, const Expansion& expansion);

// ---- implementation ----

void SortTerms(Terms& terms);

template <typename Expansion>
Terms Expand(const Terms& terms, const Expansion& expansion) {
  Terms expanded;
  for (const auto& [term, times] : terms) {
    const Terms* inner = expansion(term);
    if (inner == nullptr) {
      AddTerm(expanded, term, times);
    } else {
      for (const auto& [inner_term, inner_times] : *inner) {
        AddTerm(expanded, inner_term, SaturatingProduct(times, inner_times));
      }
    }
    if (expanded.size() > kMostTerms) break;
  }
  bool small = expanded.size() <= kMostTerms;
  for (const auto& [term, times] : expanded) small = small && times <= kMostTimes;
  if (!small) expanded = terms;
  SortTerms(expanded);
  return expanded;
}

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_SUMS_H_
