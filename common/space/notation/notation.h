// Genotypes as text: JSON for every space, and the field's own notations. A notation is chosen and
// described by the template's section `notation`; the kinds are a table in notation.cc, and none
// knows any space.

#ifndef NASCENT_COMMON_SPACE_NOTATION_NOTATION_H_
#define NASCENT_COMMON_SPACE_NOTATION_NOTATION_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/space/decisions/decision_space.h"
#include "common/space/notation/cell_graph.h"
#include "common/spec/document.h"

namespace nascent::space {

// Text longer than this is refused by all readers.
inline constexpr size_t kLongestNotation = size_t{1} << 20;

class Notation {
 public:
  virtual ~Notation() = default;
  // The cells of `genotype`, which is valid; none where the notation describes none.
  virtual std::vector<CellGraph> Cells(const Genotype& /*genotype*/) const { return {}; }
  // `genotype` is valid.
  virtual std::string Print(const Genotype& genotype) const = 0;
  // INVALID_ARGUMENT: what was found, what is allowed. What is given back may still break
  // conditions of the space.
  virtual absl::StatusOr<Genotype> Read(std::string_view text) const = 0;
};

// `spec`: {KIND: settings}. INVALID_ARGUMENT "LINE: what". `space` outlives the notation.
absl::StatusOr<std::unique_ptr<const Notation>> MakeNotation(const spec::DocumentNode& spec,
                                                             const DecisionSpace& space);

// {"label": value, …}: active decisions in order; options by name or number.
std::string PrintJson(const DecisionSpace& space, const Genotype& genotype);
absl::StatusOr<Genotype> ReadJson(const DecisionSpace& space, std::string_view text);

// Sets a decision to the option with that text, or the number; INVALID_ARGUMENT with what is
// allowed.
absl::Status SetByText(const DecisionSpace& space, int decision, std::string_view text,
                       Genotype& genotype);

// The kinds.
absl::StatusOr<std::unique_ptr<const Notation>> MakePatternNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space);
absl::StatusOr<std::unique_ptr<const Notation>> MakeMatrixNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space);
absl::StatusOr<std::unique_ptr<const Notation>> MakeCellsNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space);

// For the readers of settings.
absl::Status NotationError(const spec::DocumentNode& at, std::string_view what);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_NOTATION_NOTATION_H_
