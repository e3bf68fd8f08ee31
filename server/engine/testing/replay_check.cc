#include "server/engine/testing/replay_check.h"

#include <map>
#include <memory>

#include "common/space/decisions/genotype_proto.h"
#include "gtest/gtest.h"
#include "server/engine/live_trial.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/propose/strategy_host.h"
#include "server/strategy/registry.h"

namespace nascent::engine::testing {

void CheckReplay(storage::TrialStore& store, int64_t search, const Surroundings& surroundings) {
  auto record = store.GetSearch(search);
  ASSERT_TRUE(record.ok()) << record.status();
  auto resolved = ResolveSearch(record->spec, surroundings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  const auto problem_search = std::make_shared<const ResolvedSearch>(*std::move(resolved));
  auto maker = std::make_shared<CandidateMaker>(problem_search, CandidateOptions());
  const strategy::Problem problem = MakeProblem(maker);
  auto strategy = strategy::MakeStrategy(problem_search->spec.strategy(), problem);
  ASSERT_TRUE(strategy.ok()) << strategy.status();

  constexpr int64_t kAll = 1'000'000;
  const auto trials = store.LoadTrials(search, 0, kAll);
  const auto events = store.LoadEvents(search, 0, kAll);
  ASSERT_TRUE(trials.ok()) << trials.status();
  ASSERT_TRUE(events.ok()) << events.status();
  std::map<int64_t, LiveTrial> by_number;
  size_t next = 0;
  for (const storage::TrialRecord& logged : *trials) {
    SCOPED_TRACE(::testing::Message() << "trial " << logged.number);
    for (; next < events->size() && (*events)[next].sequence <= logged.after_event; ++next) {
      const storage::EventRecord& event = (*events)[next];
      (*strategy)->Observe(ToStrategyEvent(event, by_number.at(event.trial_number)));
    }
    const strategy::Answer answer = (*strategy)->Propose(logged.number);
    const auto* proposal = std::get_if<strategy::Proposal>(&answer);
    ASSERT_NE(proposal, nullptr);
    EXPECT_EQ(space::ToProto(problem_search->space->decisions(), proposal->genotype).DebugString(),
              logged.genotype.DebugString());
    EXPECT_EQ(proposal->parents, logged.parents);
    EXPECT_EQ(proposal->reason, logged.reason);
    EXPECT_EQ(proposal->continues, logged.continues);
    (*strategy)->Observe(strategy::Proposed{logged.number, *proposal, false});
    by_number[logged.number].record = logged;
  }
}

}  // namespace nascent::engine::testing
