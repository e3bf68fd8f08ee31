// A space that remembers which rows of a table its rules allow, so that a thousand runs on one
// table check each genotype once.

#ifndef NASCENT_SERVER_SIMULATE_CHECKED_SPACE_H_
#define NASCENT_SERVER_SIMULATE_CHECKED_SPACE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/space/space.h"
#include "server/simulate/table.h"

namespace nascent::simulate {

// Thread-safe; all but Check is the inner space's.
class CheckedSpace : public space::Space {
 public:
  CheckedSpace(std::shared_ptr<const space::Space> inner, std::shared_ptr<const Table> table)
      : inner_(std::move(inner)),
        table_(std::move(table)),
        allowed_(static_cast<size_t>(table_->rows())) {}

  const space::DecisionSpace& decisions() const override { return inner_->decisions(); }
  const std::string& name() const override { return inner_->name(); }
  const std::string& description() const override { return inner_->description(); }
  const std::vector<space::KnownArchitecture>& known() const override { return inner_->known(); }
  absl::StatusOr<network::Network> Build(const space::Genotype& genotype) const override {
    return inner_->Build(genotype);
  }
  absl::StatusOr<space::ArchitectureCosts> ComputeCosts(
      const space::Genotype& genotype) const override {
    return inner_->ComputeCosts(genotype);
  }
  const std::vector<space::ConstantInfo>& constants() const override { return inner_->constants(); }
  std::vector<space::CellGraph> Cells(const space::Genotype& genotype) const override {
    return inner_->Cells(genotype);
  }
  std::string Print(const space::Genotype& genotype) const override {
    return inner_->Print(genotype);
  }
  std::string PrintJson(const space::Genotype& genotype) const override {
    return inner_->PrintJson(genotype);
  }
  absl::StatusOr<space::Genotype> Read(std::string_view text) const override {
    return inner_->Read(text);
  }

  absl::Status Check(const space::Genotype& genotype) const override {
    const int row = table_->Find(genotype);
    // A real value lies beside its row, so that the row says nothing of it.
    if (row < 0 || table_->genotype(row) != genotype) return inner_->Check(genotype);
    if (allowed_[static_cast<size_t>(row)].load(std::memory_order_relaxed)) {
      return absl::OkStatus();
    }
    absl::Status status = inner_->Check(genotype);
    if (status.ok()) allowed_[static_cast<size_t>(row)].store(true, std::memory_order_relaxed);
    return status;
  }

 private:
  const std::shared_ptr<const space::Space> inner_;
  const std::shared_ptr<const Table> table_;
  mutable std::vector<std::atomic<bool>> allowed_;  // by row
};

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_CHECKED_SPACE_H_
