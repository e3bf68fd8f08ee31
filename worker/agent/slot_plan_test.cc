#include "worker/agent/slot_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::worker {
namespace {

using ::testing::HasSubstr;

std::vector<v1::Device> Devices(int gpus) {
  std::vector<v1::Device> devices(static_cast<size_t>(gpus) + 1);
  devices[0].set_kind("cpu");
  devices[0].set_memory_bytes(1000);
  for (size_t i = 1; i < devices.size(); ++i) devices[i].set_kind("cuda");
  return devices;
}

TEST(SlotPlanTest, EachGpuIsASlotWhereThereAreAny) {
  const auto slots = PlanSlots(Devices(2), {}, 8);
  ASSERT_TRUE(slots.ok());
  ASSERT_EQ(slots->size(), 2u);
  EXPECT_EQ((*slots)[1].name, "cuda:1");
}

TEST(SlotPlanTest, WithoutAGpuEachCoreIsASlotOfOneThreadAndShareOfMemory) {
  const auto slots = PlanSlots(Devices(0), {}, 4);
  ASSERT_TRUE(slots.ok());
  ASSERT_EQ(slots->size(), 4u);
  EXPECT_EQ((*slots)[3].name, "cpu");
  EXPECT_EQ((*slots)[3].threads, 1);
  EXPECT_EQ((*slots)[3].device.memory_bytes(), 250);
}

TEST(SlotPlanTest, OneSlotHasAllCores) {
  SlotWishes wishes;
  wishes.cpu_slots = 1;
  const auto slots = PlanSlots(Devices(0), wishes, 4);
  ASSERT_TRUE(slots.ok());
  EXPECT_EQ((*slots)[0].threads, 4);
}

TEST(SlotPlanTest, WishesAreFollowed) {
  SlotWishes wishes;
  wishes.devices = {"cuda:1", "cpu"};
  wishes.cpu_slots = 3;
  wishes.threads = 2;
  const auto slots = PlanSlots(Devices(2), wishes, 8);
  ASSERT_TRUE(slots.ok());
  ASSERT_EQ(slots->size(), 4u);
  EXPECT_EQ((*slots)[0].name, "cuda:1");
  EXPECT_EQ((*slots)[2].threads, 2);
}

TEST(SlotPlanTest, ADeviceThatIsNotThereIsRefusedWithTheOnesThatAre) {
  SlotWishes wishes;
  wishes.devices = {"cuda:7"};
  const auto slots = PlanSlots(Devices(1), wishes, 8);
  EXPECT_EQ(slots.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(slots.status().message()), HasSubstr("there are: cpu, cuda:0"));
}

}  // namespace
}  // namespace nascent::worker
