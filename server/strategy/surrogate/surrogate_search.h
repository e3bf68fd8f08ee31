// The strategy that all predictors share: learn from results, propose what promises most.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_SURROGATE_SEARCH_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_SURROGATE_SEARCH_H_

#include <functional>
#include <memory>
#include <string>

#include "server/strategy/strategy.h"
#include "server/strategy/surrogate/encoding.h"
#include "server/strategy/surrogate/regressor.h"

namespace nascent::strategy {

struct SurrogateOptions {
  enum class Acquisition {
    kExpectedImprovement,  // with several objectives: of the hypervolume
    kThompson,             // independent Thompson sampling (White et al. 2021, section 3)
  };
  std::string model;         // its name, for reasons
  int64_t initial = 10;      // random trials before the first fit
  int64_t candidates = 500;  // of a proposal
  int64_t history = 500;     // most results that a fit uses: the best and the youngest halves
  // Mutated for candidates: so many of the best results.
  int64_t parents = 10;
  Acquisition acquisition = Acquisition::kExpectedImprovement;
  std::shared_ptr<const Encoding> encoding;
  std::function<std::unique_ptr<Regressor>()> make;  // for rows of `encoding`
};

// Asynchronous: trials under way count among the initial ones; later they are taken into the fit
// with the value that the model itself expects of them (kriging believer, Ginsbourger et al. 2010),
// so that others are proposed beside them. Failed trials count as the worst result. A fit is done
// anew when a twentieth more results are there, and is a function of the results alone.
std::unique_ptr<Strategy> MakeSurrogateSearch(const Problem& problem, SurrogateOptions options);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_SURROGATE_SEARCH_H_
