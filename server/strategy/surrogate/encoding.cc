#include "server/strategy/surrogate/encoding.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "common/space/encoding.h"

namespace nascent::strategy {
namespace {

// Enough for one bend and for a peak off the middle, few enough to be learned from tens of results.
constexpr int64_t kKnots = 5;

bool IsCategorical(const space::Decision& decision) {
  return decision.domain.kind == space::Domain::Kind::kCategorical;
}

class PathEncoding : public Encoding {
 public:
  PathEncoding(const space::Space& space, std::unique_ptr<const space::Encoding> paths)
      : paths_(std::move(paths)),
        recipe_(space.decisions()),
        columns_(static_cast<Eigen::Index>(paths_->Encode(space.decisions().First()).size()) +
                 recipe_.columns()) {}

  Eigen::Index columns() const override { return columns_; }

  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override {
    const std::vector<double> paths = paths_->Encode(genotype);
    Eigen::RowVectorXd row(columns_);
    row << Eigen::Map<const Eigen::RowVectorXd>(paths.data(),
                                                static_cast<Eigen::Index>(paths.size())),
        recipe_.Encode(genotype);
    return row;
  }

 private:
  const std::unique_ptr<const space::Encoding> paths_;
  const RecipeEncoding recipe_;
  const Eigen::Index columns_;
};

}  // namespace

std::unique_ptr<const Encoding> MakePathEncoding(const space::Space& space, int64_t most_columns) {
  auto paths = space::MakeEncoding(space, "path", most_columns);
  if (paths.ok()) return std::make_unique<PathEncoding>(space, *std::move(paths));
  return std::make_unique<DecisionEncoding>(space.decisions());
}

RecipeEncoding::RecipeEncoding(const space::DecisionSpace& decisions) : decisions_(decisions) {
  for (int i = 0; i < decisions.size(); ++i) {
    if (!absl::StartsWith(decisions.decisions()[i].label, "recipe.")) continue;
    const DecisionEncoding::Group& group = decisions_.groups()[i];
    for (Eigen::Index k = 0; k < group.size; ++k) columns_.push_back(group.begin + k);
  }
}

DecisionEncoding::DecisionEncoding(const space::DecisionSpace& decisions) : decisions_(decisions) {
  for (const space::Decision& decision : decisions.decisions()) {
    const bool categorical = IsCategorical(decision);
    Eigen::Index size = categorical ? decision.domain.Size() : 1;
    if (!decision.active_when.empty()) ++size;
    groups_.push_back({columns_, size, categorical ? 0.5 : 1});
    columns_ += size;
  }
}

Eigen::RowVectorXd DecisionEncoding::Encode(const space::Genotype& genotype) const {
  Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(columns_);
  for (int i = 0; i < decisions_.size(); ++i) {
    const space::Decision& decision = decisions_.decisions()[i];
    const space::Value& value = genotype.values[i];
    if (std::holds_alternative<std::monostate>(value)) continue;
    const Group& group = groups_[i];
    if (IsCategorical(decision)) {
      row[group.begin + std::get<int64_t>(value)] = 1;
    } else {
      row[group.begin] = decision.domain.Position(value);
    }
    if (!decision.active_when.empty()) row[group.begin + group.size - 1] = 1;
  }
  return row;
}

SplineEncoding::SplineEncoding(const space::DecisionSpace& decisions) : positions_(decisions) {
  Eigen::Index columns = 0;
  for (int i = 0; i < decisions.size(); ++i) {
    const space::Decision& decision = decisions.decisions()[i];
    const DecisionEncoding::Group& group = positions_.groups()[i];
    begins_.push_back(columns);
    const int last = static_cast<int>(group.begin + group.size) - 1;
    for (Eigen::Index k = 0; k < group.size; ++k) {
      Source source{0, -1};
      if (k == 0 && !IsCategorical(decision)) {
        const int64_t size = decision.domain.Size();  // 0: a range of real numbers
        source.knots = static_cast<int>(size > 0 ? std::min(size, kKnots) : kKnots);
        if (!decision.active_when.empty()) source.active_column = last;
      }
      columns += std::max(source.knots, 1);
      sources_.push_back(source);
    }
  }
  begins_.push_back(columns);
}

Eigen::RowVectorXd SplineEncoding::Encode(const space::Genotype& genotype) const {
  const Eigen::RowVectorXd positions = positions_.Encode(genotype);
  Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(columns());
  Eigen::Index begin = 0;
  for (size_t i = 0; i < sources_.size(); ++i) {
    const auto& [knots, active_column] = sources_[i];
    const double position = positions[static_cast<Eigen::Index>(i)];
    if (knots <= 1) {
      row[begin++] = position;
      continue;
    }
    if (active_column < 0 || positions[active_column] != 0) {
      // Written so that what is no number stands at the start.
      const double at = (position > 0 ? std::min(position, 1.0) : 0.0) * (knots - 1);
      const int left = std::min(static_cast<int>(at), knots - 2);
      row[begin + left] = left + 1 - at;
      row[begin + left + 1] = at - left;
    }
    begin += knots;
  }
  return row;
}

Eigen::MatrixXd Encoding::EncodeAll(const std::vector<space::Genotype>& genotypes) const {
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(genotypes.size()), columns());
  for (size_t i = 0; i < genotypes.size(); ++i) {
    rows.row(static_cast<Eigen::Index>(i)) = Encode(genotypes[i]);
  }
  return rows;
}

}  // namespace nascent::strategy
