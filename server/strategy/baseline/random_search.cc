// Random search (Bergstra & Bengio 2012): uniform over the feasible genotypes, with replacement.

#include "server/strategy/entries.h"
#include "server/strategy/sampling.h"

namespace nascent::strategy {
namespace {

class RandomSearch : public Strategy {
 public:
  explicit RandomSearch(const Problem& problem) : problem_(problem) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    return ProposeRandom(problem_, random, "random");
  }

  StopCommands Observe(const Event& /*event*/) override { return {}; }

 private:
  const Problem problem_;
};

}  // namespace

Entry RandomEntry() {
  Entry entry;
  entry.name = "random";
  entry.description = "Uniform over the feasible genotypes, with replacement";
  entry.paper = "Bergstra & Bengio 2012, Random Search for Hyper-Parameter Optimization";
  entry.make = [](const Problem& problem,
                  const Settings&) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<RandomSearch>(problem);
  };
  return entry;
}

}  // namespace nascent::strategy
