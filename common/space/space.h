// A search space: a template with its constants, bound to an input and to a number of classes.

#ifndef NASCENT_COMMON_SPACE_SPACE_H_
#define NASCENT_COMMON_SPACE_SPACE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/network/costs.h"
#include "common/network/network.h"
#include "common/space/decisions/decision_space.h"
#include "common/space/decisions/genotype.h"
#include "common/space/notation/cell_graph.h"
#include "common/space/space_options.h"

namespace nascent::space {

// An architecture with everything that is derived from its genotype.
struct Architecture {
  network::Network published;  // all that the template builds
  network::Network live;
  network::Costs costs;            // of live
  network::Costs published_costs;  // of published
};

struct ArchitectureCosts {
  network::Costs live;
  network::Costs published;
};

// Immutable and thread-safe.
class Space {
 public:
  // Reads a template. INVALID_ARGUMENT with "file:line: path: what was found, what is allowed".
  // Bounded in time and memory whatever the text is.
  static absl::StatusOr<std::shared_ptr<const Space>> Parse(std::string_view text,
                                                            std::string_view file_name,
                                                            const SpaceOptions& options);

  virtual ~Space() = default;

  virtual const DecisionSpace& decisions() const = 0;
  virtual const std::string& name() const = 0;
  virtual const std::string& description() const = 0;
  virtual const std::vector<KnownArchitecture>& known() const = 0;
  // In the template's order.
  virtual const std::vector<ConstantInfo>& constants() const {
    static const auto* const kNone = new std::vector<ConstantInfo>;
    return *kNone;
  }

  // Whether the template's own rules (forbid, counting constraints, shapes that fit) allow it; a
  // reason where not.
  virtual absl::Status Check(const Genotype& genotype) const = 0;

  // The network with shapes. Fails like Check, or where shapes do not fit.
  virtual absl::StatusOr<network::Network> Build(const Genotype& genotype) const = 0;
  // Build, Live and costs; no key.
  absl::StatusOr<Architecture> BuildArchitecture(const Genotype& genotype) const;
  // The costs alone, several times quicker: what constraints are checked with.
  virtual absl::StatusOr<ArchitectureCosts> ComputeCosts(const Genotype& genotype) const {
    return absl::UnimplementedError(
        absl::StrCat("no costs for a genotype of ", genotype.values.size(), " values"));
  }

  // The notation of the field where the template names one, else JSON {"label": value, …}.
  virtual std::string Print(const Genotype& genotype) const = 0;
  virtual std::string PrintJson(const Genotype& genotype) const = 0;
  // Reads both, and "@name" of a known architecture.
  virtual absl::StatusOr<Genotype> Read(std::string_view text) const = 0;

  // The cells of a valid genotype as graphs of operations, for numeric encodings (encoding.h). None
  // where the notation describes none.
  virtual std::vector<CellGraph> Cells(const Genotype& /*genotype*/) const { return {}; }
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_SPACE_H_
