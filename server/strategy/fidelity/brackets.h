// The brackets of successive halving and Hyperband over a ladder of rungs.

#ifndef NASCENT_SERVER_STRATEGY_FIDELITY_BRACKETS_H_
#define NASCENT_SERVER_STRATEGY_FIDELITY_BRACKETS_H_

#include <cstdint>
#include <vector>

namespace nascent::strategy {

// One run of successive halving: `sizes[i]` trials at rung `first_rung + i`, up to the last rung.
struct BracketShape {
  int first_rung = 0;
  std::vector<int64_t> sizes;

  bool operator==(const BracketShape&) const = default;
};

// `configurations` at `first_rung`, then floor(configurations / factor^i), at least one.
BracketShape HalvingShape(int first_rung, int rungs, double factor, int64_t configurations);

// Returns how many trials of the bracket a budget counts: all but those at the first `scores` rungs
// of the ladder, which are scores without training.
int64_t ChargedTrials(const BracketShape& shape, int scores);

// Returns the bracket with so few trials at the rungs that train that at most `left` of them are
// counted, in about the same proportions, at least one at each. It stays as it is where it fits,
// and where not even one at each does.
BracketShape FitToBudget(BracketShape shape, int scores, int64_t left);

// Hyperband's brackets (Li et al. 2018, algorithm 1), the most adventurous first: bracket s, from
// rungs - 1 down to 0, starts ceil(rungs / (s + 1) * factor^s) configurations s rungs below the
// last.
std::vector<BracketShape> HyperbandShapes(int rungs, double factor);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_FIDELITY_BRACKETS_H_
