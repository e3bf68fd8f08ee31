// What every TrialStore must do, as one suite. A store's test instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, TrialStoreConformance, testing::Values(&MakeMemoryFixture));
//
// and links nascent_trial_store_conformance. The tests are in conformance/, a file per family of
// transitions.

#ifndef NASCENT_SERVER_STORAGE_TRIAL_STORE_CONFORMANCE_H_
#define NASCENT_SERVER_STORAGE_TRIAL_STORE_CONFORMANCE_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/storage/trial_store.h"

namespace nascent::storage {

// An empty store whose clock the suite moves.
class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual TrialStore& store() = 0;
  virtual void Advance(absl::Duration by) = 0;
};

using MakeFixture = std::unique_ptr<StoreFixture> (*)();

class TrialStoreConformance : public ::testing::TestWithParam<MakeFixture> {
 protected:
  void SetUp() override;

  TrialStore& store() { return fixture_->store(); }
  void Advance(absl::Duration by) { fixture_->Advance(by); }

  // Returns one outcome per transition, under the term of SetUp.
  std::vector<Outcome> Apply(std::vector<Transition> transitions);
  Outcome ApplyOne(Transition transition) { return Apply({std::move(transition)}).front(); }

  // Each expects to succeed and gives the new id; of AddTrial the whole outcome.
  int64_t NewSearch(const std::string& name = "cells", const std::string& project = "default");
  Outcome NewTrial(int64_t search_id, int64_t number, const std::string& identity = "");
  int64_t NewWorker(const std::string& name = "w1");
  // The deadline of the granted lease.
  absl::Time Lease(int64_t task_id, int attempt, int64_t worker_id);

  TrialRecord TrialOf(int64_t search_id, int64_t number);

  int64_t term_ = 0;

 private:
  std::unique_ptr<StoreFixture> fixture_;
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_TRIAL_STORE_CONFORMANCE_H_
