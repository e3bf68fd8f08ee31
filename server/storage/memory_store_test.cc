#include "server/storage/memory_store.h"

#include "common/clock.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

class MemoryFixture : public StoreFixture {
 public:
  TrialStore& store() override { return store_; }
  void Advance(absl::Duration by) override { clock_.Advance(by); }

 private:
  VirtualClock clock_;
  MemoryStore store_{[this] { return clock_.Now(); }};
};

std::unique_ptr<StoreFixture> MakeMemoryFixture() { return std::make_unique<MemoryFixture>(); }

INSTANTIATE_TEST_SUITE_P(Memory, TrialStoreConformance, ::testing::Values(&MakeMemoryFixture));

}  // namespace
}  // namespace nascent::storage
