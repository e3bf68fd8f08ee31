#include "common/space/decisions/genotype_proto.h"

#include <gtest/gtest.h>

namespace nascent::space {
namespace {

DecisionSpace Mixed() {
  Domain list;
  list.options = {"a", "b"};
  return DecisionSpace({
      {"list", list, {}},
      {"whole", {Domain::Kind::kInteger, {}, 1, 64, true}, {{{{0, {1}}}}}},
      {"real", {Domain::Kind::kReal, {}, 0.01, 1, true}, {}},
  });
}

TEST(GenotypeProto, GenotypesSurviveTheWay) {
  const DecisionSpace space = Mixed();
  RandomStream random(1, 1);
  for (int i = 0; i < 50; ++i) {
    const Genotype genotype = space.Sample(random);
    const absl::StatusOr<Genotype> back = FromProto(space, ToProto(space, genotype));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, genotype);
  }
}

TEST(GenotypeProto, BadGenotypesAreRefusedWithTheLabel) {
  const DecisionSpace space = Mixed();
  const v1::Genotype good = ToProto(space, space.First());
  const auto message = [&](const v1::Genotype& m) {
    return std::string(FromProto(space, m).status().message());
  };
  v1::Genotype bad = good;
  bad.mutable_values(0)->set_label("lost");
  EXPECT_EQ(message(bad), "lost: no such decision");
  bad = good;
  *bad.add_values() = bad.values(0);
  EXPECT_EQ(message(bad), "list: given twice");
  bad = good;
  bad.mutable_values(0)->set_real(0);
  EXPECT_EQ(message(bad), "list: value is missing or not of the decision's kind");
  bad = good;
  bad.mutable_values(0)->set_option(1);
  EXPECT_EQ(message(bad), "whole: is active but has no value");
  bad = good;
  bad.mutable_values(1)->set_real(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(message(bad), "real: value nan is not in its domain");
  EXPECT_EQ(message({}), "list: is active but has no value");
}

TEST(GenotypeProto, DomainsSurviveTheWay) {
  const DecisionSpace space = Mixed();
  for (const Decision& decision : space.decisions()) {
    const absl::StatusOr<Domain> back = FromProto(ToProto(decision.domain));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->kind, decision.domain.kind);
    EXPECT_EQ(back->options, decision.domain.options);
    EXPECT_EQ(back->minimum, decision.domain.minimum);
    EXPECT_EQ(back->log, decision.domain.log);
  }
}

TEST(GenotypeProto, BadDomainsAreRefused) {
  EXPECT_FALSE(FromProto(v1::Domain()).ok());
  v1::Domain upside_down;
  upside_down.mutable_uniform()->set_minimum(2);
  EXPECT_EQ(FromProto(upside_down).status().message(), "range upside down: 2 is above 0");
  v1::Domain empty;
  empty.mutable_choice();
  EXPECT_FALSE(FromProto(empty).ok());
}

}  // namespace
}  // namespace nascent::space
